package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// An environment is what a run has to work with besides its arguments.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	stdinTerminal  bool
	stdoutTerminal bool
	width          int  // columns of the terminal on stdout, 0 where there is none
	noColor        bool // the user does not want color (https://no-color.org)
}

func newEnvironment(stdin io.Reader, stdout, stderr io.Writer) *environment {
	env := &environment{stdin: stdin, stdout: stdout, stderr: stderr}
	env.stdinTerminal, _ = terminal(stdin)
	env.stdoutTerminal, env.width = terminal(stdout)
	env.noColor = os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb"
	return env
}

// terminal reports whether a stream is a terminal, and how many columns it has.
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

// color reports whether output to stdout is colored, by the value of --color.
func (env *environment) color(when string) (bool, error) {
	switch when {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		return env.stdoutTerminal && !env.noColor, nil
	}
	return false, usageErrorf("leave it out, or give auto, always or never", "--color %q is not known", when)
}
