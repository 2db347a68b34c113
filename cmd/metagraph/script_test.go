package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/metagraph/metagraph/internal/testfiles"
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
			env.Setenv("TESTDATA", testfiles.Path(t, "testdata"))
			env.Setenv("CHECKPOINTS", testfiles.Path(t, "internal/checkpoint/testdata"))
			env.Setenv("CORPUS", corpusDir(t))
			env.Setenv("NO_COLOR", "1")
			return nil
		},
		Condition: func(condition string) (bool, error) {
			switch condition {
			case "corpus":
				return corpusDir(t) != "", nil
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

// corpusDir returns the directory of the corpus, or "" if it is missing.
func corpusDir(t *testing.T) string {
	dir := testfiles.Path(t, "corpus/")
	if stat, err := os.Stat(dir); err != nil || !stat.IsDir() {
		return ""
	}
	return dir
}
