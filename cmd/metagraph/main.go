// Command metagraph inspects, compares and converts TensorFlow graphs and checkpoints without TensorFlow.
//
// This package reads argv, calls one function of a package below internal for each command, and prints the result. It is the only
// one that knows the names of commands and flags. Start with run in main.go and newRootCommand in root.go; each command has
// its own file.
package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	_ "github.com/metagraph/metagraph/internal/fdlimit" // prints a message if the limit on open files is too low
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit codes, the same for all commands.
const (
	exitDone  = 0
	exitFound = 1 // the answer is "found", "different" or "missing"
	exitError = 2 // error
)

// errFound is returned by a command whose answer is "found", "different" or "missing". The command has already printed it.
var errFound = errors.New("found")

// run runs the command line args, prints its error, if any, and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return runIn(ctx, args, newEnvironment(stdin, stdout, stderr))
}

// runIn is run in a given environment.
func runIn(ctx context.Context, args []string, env *environment) int {
	err := execute(ctx, args, env)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFound):
		return exitFound
	case metafile.IsBrokenPipe(err):
		return exitDone // the reader closed the pipe
	}
	json := wantsJSON(args)
	for _, e := range each(err) {
		printError(env, e, json)
	}
	return exitError
}

// execute runs the command that args names.
func execute(ctx context.Context, args []string, env *environment) error {
	root := newRootCommand(env)
	if strings.HasPrefix(argument(args, 0), cobra.ShellCompRequestCmd) {
		plainUsage(root)
	} else {
		restrictFlags(root)
	}
	root.SetArgs(append([]string{}, args...)) // cobra reads os.Args if this is nil
	help := &watchedWriter{Writer: env.stdout}
	root.SetOut(help)
	err := metafile.Guard(func() (err error) {
		if err := checkCommand(root, args); err != nil {
			return err
		}
		_, err = root.ExecuteContextC(ctx)
		return err
	})
	return cmp.Or(err, help.err)
}

// wantsJSON reports whether errors are printed as JSON: with --report json or --format json. It reads the words of the command line,
// since parsing may have failed.
func wantsJSON(args []string) bool {
	for i, arg := range args {
		switch arg {
		case "--report=json", "--format=json":
			return true
		case "--report", "--format":
			if argument(args, i+1) == "json" {
				return true
			}
		case "--":
			return false
		}
	}
	return false
}

// A watchedWriter records the first error of its writer. Cobra ignores errors when it prints help and completions.
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

// each splits an error about several files or conflicts into one error each, which names its file. Any other error is returned alone.
func each(err error) []error {
	if files, ok := errors.AsType[fileErrors](err); ok {
		var out []error
		for _, one := range files {
			out = append(out, each(one)...)
		}
		return out
	}
	file, ok := errors.AsType[*metafile.Error](err)
	if !ok {
		return []error{err}
	}
	conflicts, ok := errors.AsType[draft.Conflicts](file.Err)
	if !ok {
		return []error{err}
	}
	out := make([]error, len(conflicts))
	for i, conflict := range conflicts {
		out[i] = &metafile.Error{Name: file.Name, Problem: argumentPrefix(conflict.Argument) + conflict.Problem, Err: conflict}
	}
	return out
}

// printError prints an error and its hint to stderr, as text or as JSON. If standard output cannot be written, it prints both: the
// program that reads the JSON may be gone.
func printError(env *environment, err error, json bool) {
	hint, file := hintOf(err), fileOf(err)
	// An error of stderr cannot be reported anywhere.
	if !json || file == os.Stdout.Name() {
		_ = render.PrintError(env.stderr, "metagraph", err.Error(), hint, env.notices)
	}
	if json {
		_ = render.ErrorJSON(env.stderr, err.Error(), hint, file)
	}
}
