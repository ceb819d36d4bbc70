// Command roleos runs a role's agents, reviews their drafts and publishes them
// through guardrails. See README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"roleos/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
