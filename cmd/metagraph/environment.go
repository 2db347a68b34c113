package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/metagraph/metagraph/internal/render"
)

// An environment holds everything that a run uses besides its arguments.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	stdinTerminal  bool
	stdoutTerminal bool
	width          int                  // columns of the terminal on stdout, 0 if stdout is not a terminal
	noColor        bool                 // the user does not want color (https://no-color.org)
	notices        render.NoticeOptions // how messages are printed on stderr
	read           int64                // bytes of the inputs opened so far
}

func newEnvironment(stdin io.Reader, stdout, stderr io.Writer) *environment {
	env := &environment{stdin: stdin, stdout: stdout, stderr: stderr}
	env.stdinTerminal, _ = terminal(stdin)
	env.stdoutTerminal, env.width = terminal(stdout)
	env.noColor = os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb"
	onTerminal, width := terminal(stderr)
	env.notices = render.NoticeOptions{Width: width, Color: onTerminal && !env.noColor}
	return env
}

// terminal reports whether a stream is a terminal, and returns its number of columns. It returns 80 if the size is unknown.
func terminal(stream any) (bool, int) {
	file, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return false, 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return true, 80
	}
	return true, width
}

// color reports whether output to stdout is in color, given the value of --color.
func (env *environment) color(when string) (bool, error) {
	switch when {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		return env.stdoutTerminal && !env.noColor, nil
	}
	return false, usageErrorf("use auto, always or never", "unknown --color %q", when)
}
