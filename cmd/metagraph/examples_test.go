package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestExamples runs the examples in the help of each command, in a directory with the files that they use. They must succeed.
func TestExamples(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the examples need a Unix shell")
	}
	sh := newShell(t, testfiles.Path(t, "testdata"))
	sh.succeed(t, []string{
		"metagraph import -q inference.pbtxt model.meta --into train --import-scope tower_0",
		"metagraph import -q queues.meta in.meta --into model.meta --import-scope pipeline",
		"cp model.meta old.meta; cp model.meta gpu.meta",
		"for name in new cpu local; do metagraph clear-devices -q model.meta $name.meta; done",
		"metagraph export -q inference.pbtxt infer.meta --output-format binary",
		"metagraph export -q --export-scope hidden train part.meta",
		`echo 'graph_def { node { name: "batch" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } } }' > batch.pbtxt`,
		"metagraph export -q batch.pbtxt input_pipeline.meta",
		"git init -q . && git add -A && git commit -q -m files",
	})
	eachCommand(newRootCommand(new(environment)), func(cmd *cobra.Command) {
		for _, example := range unindented(cmd.Example) {
			if example == "" {
				continue
			}
			t.Run(example, func(t *testing.T) {
				for _, m := range pipedInto.FindAllStringSubmatch(example, -1) {
					if _, err := exec.LookPath(m[1]); err != nil {
						t.Skip(err)
					}
				}
				if printed := sh.run(t, example); sh.status > exitFound {
					t.Errorf("%s: exit status %d\n%s", example, sh.status, printed)
				}
			})
		}
	})
}

// pipedInto matches a program that reads from a pipe. Users may have jq and Graphviz, but the tests must not need them.
var pipedInto = regexp.MustCompile(`\| *([a-z][a-z0-9_-]*)`)

// TestPreCommitHooks runs the entries of .pre-commit-hooks.yaml as pre-commit does: followed by files.
func TestPreCommitHooks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the entries need a Unix shell")
	}
	hooks, err := os.ReadFile(testfiles.Path(t, ".pre-commit-hooks.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"metagraph-readable train/model.ckpt-3.meta loop.meta":         0,
		"metagraph-readable loop.meta train/no-such.meta queues.meta":  1,
		"metagraph-no-accelerators loop.meta queues.meta":              0,
		"metagraph-no-accelerators loop.meta functions.meta loop.meta": 1,
		"metagraph-no-devices inference.pbtxt":                         1,
	}
	for call, status := range want {
		id, files, _ := strings.Cut(call, " ")
		_, hook, ok := strings.Cut(string(hooks), "- id: "+id+"\n")
		if !ok {
			t.Fatalf("no hook %s", id)
		}
		_, entry, _ := strings.Cut(hook, "  entry: ")
		entry, _, _ = strings.Cut(entry, "\n")
		sh := newShell(t, testfiles.Path(t, "testdata"))
		if printed := sh.run(t, entry+" "+files); sh.status != status {
			t.Errorf("%s: exit status %d, want %d\n%s", call, sh.status, status, printed)
		}
	}
}

// TestDocLinks: every file that a document links to or mentions exists.
func TestDocLinks(t *testing.T) {
	root := testfiles.Path(t, "")
	var paths []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/cli/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`) // links with a colon leave the repository
	named := regexp.MustCompile("`((?:cmd|internal|docs|packaging|testdata|\\.ci|\\.github)/[^` *]+)`")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), string(m[1]))); err != nil {
				t.Errorf("%s links to %s, which does not exist", path, m[1])
			}
		}
		for _, m := range named.FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, string(m[1]))); err != nil && !bytes.HasPrefix(m[1], []byte("testdata/fuzz")) {
				t.Errorf("%s mentions %s, which does not exist", path, m[1])
			}
		}
	}
}
