package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptExits is the command `exits CODE program ARG...`.
func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE program ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("cannot run %s: %v", args[1], err)
	}
	got := 0
	if exit != nil {
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code is %d, want %d", got, want)
	}
}

// scriptSize is the command `size FILE BYTES`.
func scriptSize(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: size FILE BYTES")
	}
	stat, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := strconv.FormatInt(stat.Size(), 10); got != args[1] {
		ts.Fatalf("%s has %s bytes, want %s", args[0], got, args[1])
	}
}

// scriptSame is the command `same FILE FILE`, in which a FILE may be stdout.
func scriptSame(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same FILE FILE")
	}
	a, b := []byte(ts.ReadFile(args[0])), []byte(ts.ReadFile(args[1]))
	if equal := bytes.Equal(a, b); equal == neg {
		ts.Fatalf("%s (%d bytes) and %s (%d bytes): equal is %v", args[0], len(a), args[1], len(b), equal)
	}
}

// scriptOnly is the command `only FILE...`.
func scriptOnly(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: only FILE...")
	}
	entries, err := os.ReadDir(ts.MkAbs("."))
	ts.Check(err)
	for _, entry := range entries {
		if name := entry.Name(); name != ".tmp" && !slices.Contains(args, name) {
			ts.Fatalf("unexpected file %q", name)
		}
	}
	for _, name := range args {
		if _, err := os.Lstat(ts.MkAbs(name)); err != nil {
			ts.Fatalf("missing file %q", name)
		}
	}
}
