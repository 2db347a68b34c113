package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// update rewrites the golden parts of the scripts: go test ./cmd/metagraph -run TestScripts -update.
var update = flag.Bool("update", false, "rewrite what the scripts in testdata/script compare with")

// TestMain lets the test binary stand in for the program: in a script, `metagraph` is a process that runs the real run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"metagraph": func() {
			os.Exit(runIn(context.Background(), os.Args[1:], onScreen(newEnvironment(os.Stdin, os.Stdout, os.Stderr))))
		},
	})
}

// TestScripts runs testdata/script/*.txtar, each in an empty directory of its own.
//
// They find the repository's testdata as $TESTDATA and the real files as $CORPUS. Scripts that need the latter say so:
// `[!corpus] skip`. Beside testscript's commands there are
//
//	exits CODE metagraph ARG...   runs it and wants that very exit code (exec only tells 0 from the rest)
//	size FILE BYTES               wants a file of that size
//	same FILE FILE                wants the same bytes, and says less than cmp where they are binary
//	only FILE...                  wants nothing else in the current directory, hidden files included
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			testdata, err := filepath.Abs(filepath.Join("..", "..", "testdata"))
			if err != nil {
				return err
			}
			env.Setenv("TESTDATA", testdata)
			env.Setenv("CHECKPOINTS", filepath.Join(testdata, "..", "internal", "checkpoint", "testdata"))
			env.Setenv("CORPUS", corpusDir())
			env.Setenv("NO_COLOR", "1")
			return nil
		},
		Condition: func(condition string) (bool, error) {
			switch condition {
			case "corpus":
				return corpusDir() != "", nil
			case "root":
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("condition %q is not known", condition)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits,
			"size":  scriptSize,
			"same":  scriptSame,
			"only":  scriptOnly,
		},
	})
}

// corpusDir returns the directory of real files that may stand beside the repository, "" where it does not.
func corpusDir() string {
	dir, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "corpus"))
	if err != nil {
		return ""
	}
	if stat, err := os.Stat(dir); err != nil || !stat.IsDir() {
		return ""
	}
	return dir
}
