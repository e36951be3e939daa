// Package process runs programs as supervised child processes.
//
// [Start] starts a program, polls it until it is ready and returns a
// [Process], whose end is seen through Done and Err and asked for by Stop (in
// good order) or Kill (at once). A child leads a process group of its own, so
// that a Ctrl-C in the terminal reaches only the sandbox, which then stops its
// children in the right order; and it dies with the sandbox, however that
// ends, because the kernel sends it SIGKILL when its parent's thread is gone.
// Every child is waited for: none stays behind as a zombie.
//
// It does not restart what exits, rotate logs or limit resources.
//
// Linux only: elsewhere Start answers [ErrUnsupported].
package process
