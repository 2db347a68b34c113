// Command metagraph inspects and rewrites TensorFlow's .meta files without TensorFlow.
//
// The files: main.go, from argv to an exit code; root.go, the commands put together; environment.go, what a run has to work
// with; input.go, output.go and register.go, the flags and steps that commands share; flagerror.go, mistyped flags; complete.go,
// what completes them, and completion.go, the scripts by which shells ask; version.go; one file for each other command, for
// show with the table of its sections in show_sections.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/rewrite"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit codes, the same for all commands.
const (
	exitDone    = 0
	exitFound   = 1 // the answer is "yes, there is something"
	exitTrouble = 2
)

// errFound is returned by a command whose answer is "yes, there is something": diff found a difference, a check found
// what it looks for. What it found has been said already.
var errFound = errors.New("found")

// run runs the command line args and returns the exit code. It prints the error, once.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runIn(ctx, args, newEnvironment(stdin, stdout, stderr))
}

// runIn is run in an environment that is known.
func runIn(ctx context.Context, args []string, env *environment) int {
	root := newRootCommand(env)
	if strings.HasPrefix(argument(args, 0), cobra.ShellCompRequestCmd) {
		plainUsage(root)
	}
	root.SetArgs(append([]string{}, args...)) // nil would stand for os.Args
	help := &watchedWriter{Writer: env.stdout}
	root.SetOut(help)
	err := metafile.Guard(func() error { return root.ExecuteContext(ctx) })
	if err == nil {
		err = help.err
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFound):
		return exitFound
	case errors.Is(err, syscall.EPIPE):
		return exitDone // whoever read the output has seen enough
	}
	for _, e := range each(err) {
		complain(env.stderr, e)
	}
	return exitTrouble
}

// A watchedWriter keeps the first error of the writer that it is. Cobra, which prints help and completions, drops it.
type watchedWriter struct {
	io.Writer
	err error
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// each returns the troubles that an error consists of, each as an error of its own with what the error says before them: the
// name of the file. Any other error is one.
func each(err error) []error {
	var troubles rewrite.Troubles
	if !errors.As(err, &troubles) {
		return []error{err}
	}
	before := strings.TrimSuffix(err.Error(), troubles.Error())
	out := make([]error, len(troubles))
	for i, t := range troubles {
		t.Problem = before + t.Problem
		out[i] = t
	}
	return out
}

// complain says what is wrong, and on a line of its own what to do.
func complain(w io.Writer, err error) {
	// Where stderr fails there is nobody left to tell.
	_, _ = fmt.Fprintf(w, "metagraph: %s\n", render.Message(err.Error()))
	var hinted interface{ Remedy() string }
	if errors.As(err, &hinted) && hinted.Remedy() != "" {
		_, _ = fmt.Fprintf(w, "hint: %s\n", render.Message(hinted.Remedy()))
	}
}
