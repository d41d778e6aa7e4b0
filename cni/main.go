// Command balise-cni is the CNI plugin of Balise: one static program that a container runtime runs for each pod. Called by the name
// `loopback` it is the plugin for lo.
package main

import (
	"os"
	"path/filepath"

	"balise.io/cni/internal/command"
	"balise.io/cni/internal/loopback"
)

func main() {
	if filepath.Base(os.Args[0]) == "loopback" {
		os.Exit(loopback.Run())
	}
	os.Exit(command.Run())
}
