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

// update rewrites the expected output in scripts: go test ./cmd/metagraph -run TestScripts -update.
var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

// TestMain makes the test binary act as the program: in a script, `metagraph` is a process that calls run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"metagraph": func() {
			os.Exit(runIn(context.Background(), os.Args[1:], onScreen(newEnvironment(os.Stdin, os.Stdout, os.Stderr))))
		},
	})
}

// TestScripts runs testdata/script/*.txtar, each in an empty directory.
//
// $TESTDATA is the repository's testdata, and $CORPUS has the real files. Scripts that need the corpus start with `[!corpus] skip`.
// In addition to testscript's commands there are:
//
//	exits CODE metagraph ARG...   runs metagraph and checks its exit code
//	size FILE BYTES               checks the size of a file
//	same FILE FILE                compares bytes, without printing them like cmp
//	only FILE...                  checks that the current directory has no other files, including hidden ones
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
			return false, fmt.Errorf("unknown condition %q", condition)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits,
			"size":  scriptSize,
			"same":  scriptSame,
			"only":  scriptOnly,
		},
	})
}

// corpusDir returns the directory of real files next to the repository, or "" if there is none.
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
