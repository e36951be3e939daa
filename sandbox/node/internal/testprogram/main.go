//go:build linux

// Command testprogram is what the node's tests run in Pods: there is no shell in their image.
package main

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	switch command := os.Args[1]; command {
	case "serve":
		serve()
	case "exit":
		code, _ := strconv.Atoi(os.Args[2])
		fmt.Println("ending with", code)
		os.Exit(code)
	case "cat":
		for _, path := range os.Args[2:] {
			text, err := os.ReadFile(path)
			must(err)
			fmt.Printf("%s: %s\n", path, text)
		}
	case "write":
		must(os.WriteFile(os.Args[2], []byte("text"), 0o600))
	case "who":
		groups, _ := os.Getgroups()
		host, _ := os.Hostname()
		fmt.Println("pid", os.Getpid(), "uid", os.Getuid(), "gid", os.Getgid(), "groups", groups, "host", host)
	case "status":
		text, err := os.ReadFile("/proc/self/status")
		must(err)
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "CapEff") || strings.HasPrefix(line, "NoNewPrivs") {
				fmt.Print(line)
			}
		}
	case "get":
		response, err := http.Get(os.Args[2]) //nolint:gosec,noctx // The test that starts it says where, and ends it.
		must(err)
		fmt.Println(response.Status)
		must(response.Body.Close())
	default:
		fmt.Fprintln(os.Stderr, "unknown command", command)
		os.Exit(2)
	}
}

// serve answers on port 8080: /ready as long as the file /tmp/unready does not exist. It ends by SIGTERM, with 0.
func serve() {
	http.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		if _, err := os.Stat("/tmp/unready"); err == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	server := &http.Server{Addr: ":8080", ReadHeaderTimeout: 10 * time.Second}
	go func() { must(server.ListenAndServe()) }()
	fmt.Println("serving")
	fmt.Fprintln(os.Stderr, "complaining")
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	fmt.Println("ending in good order")
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
