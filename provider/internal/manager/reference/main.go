// Command reference writes the reference page of the manager's flags, from the flags themselves. Its argument is the root of
// the repository.
package main

import (
	"fmt"
	"os"
)

// path of the page below the root.
const path = "docs/manager.md"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: reference ROOT")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(root string) error {
	directory, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer func() { _ = directory.Close() }()
	return directory.WriteFile(path, []byte(page()), 0o600)
}
