package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocs runs what README.md and docs/*.md show, each document in a copy of testdata of its own, from top to bottom. In
// the fences
//
//	```console    lines that begin with `$ ` are commands, those behind a backslash at a line's end go with them, and the
//	              rest is what comes out, stdout and stderr as a terminal of 100 columns shows them. A line `...` stands for
//	              any lines. With -update what comes out is put in.
//	```sh         must succeed
//	```yaml       what stands under run: and script: must succeed
//	```make       make must succeed
//
// A fence behind `<!-- not run -->` is left alone. An HTML comment that begins with `<!-- setup` holds commands that a reader
// need not see. There is a bin directory first in PATH, for programs that are to be stood in for.
func TestDocs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the examples are written for a Unix shell")
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	root := filepath.Join("..", "..")
	paths, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, filepath.Join(root, "README.md")) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".md"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := runDocument(t, newShell(t, filepath.Join(root, "testdata")), string(text))
			if *update && got != string(text) {
				if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("go test ./cmd/metagraph -run TestDocs -update puts in what comes out (-written +true):\n%s", diff)
			}
		})
	}
}

// runDocument runs the fences of a document and returns it with what came out.
func runDocument(t *testing.T, sh *shell, text string) string {
	lines := strings.Split(text, "\n")
	var out []string
	for i := 0; i < len(lines); {
		line := lines[i]
		kind, fenced := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case strings.HasPrefix(line, "<!-- setup"):
			end := blockEnd(t, lines, i, "-->")
			sh.succeed(t, lines[i+1:end])
			out, i = append(out, lines[i:end+1]...), end+1
		case fenced:
			end := blockEnd(t, lines, i, "```")
			body := lines[i+1 : end]
			if len(out) == 0 || out[len(out)-1] != "<!-- not run -->" {
				body = sh.fence(t, kind, body)
			}
			out = append(append(append(out, line), body...), lines[end])
			i = end + 1
		default:
			out, i = append(out, line), i+1
		}
	}
	return strings.Join(out, "\n")
}

// blockEnd returns the number of the line that ends the block beginning at line start.
func blockEnd(t *testing.T, lines []string, start int, mark string) int {
	t.Helper()
	for i := start + 1; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) == mark {
			return i
		}
	}
	t.Fatalf("the block at line %d has no end", start+1)
	return 0
}

// A shell runs the commands of one document in a directory of its own.
type shell struct {
	dir    string
	screen string // the file that stands for the terminal
	status int    // exit status of the last command
}

func newShell(t *testing.T, testdata string) *shell {
	t.Helper()
	base := t.TempDir()
	sh := &shell{dir: filepath.Join(base, "work"), screen: filepath.Join(base, "screen")}
	if err := os.CopyFS(sh.dir, os.DirFS(testdata)); err != nil {
		t.Fatal(err)
	}
	return sh
}

// run runs commands and returns what they print.
func (sh *shell) run(t *testing.T, commands string) string {
	t.Helper()
	screen, err := os.OpenFile(sh.screen, os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close() //nolint:errcheck // the file goes with the test
	// $? is that of the command before, as in one terminal.
	script := fmt.Sprintf("(exit %d)\n", max(sh.status, 0)) + commands
	c := exec.Command("sh", "-c", script)
	c.Dir = sh.dir
	c.Env = append(os.Environ(), "PATH="+filepath.Join(sh.dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"),
		"HOME="+sh.dir, "NO_COLOR=1", "LC_ALL=C.UTF-8", "TZ=UTC", screenVariable+"="+sh.screen,
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com",
		// What CI systems set.
		"GITHUB_BASE_REF=main", "PR=1", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main")
	c.Stdout, c.Stderr = screen, screen
	err = c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	sh.status = c.ProcessState.ExitCode()
	printed, err := os.ReadFile(sh.screen)
	if err != nil {
		t.Fatal(err)
	}
	return string(printed)
}

// succeed runs commands that must not fail.
func (sh *shell) succeed(t *testing.T, lines []string) {
	t.Helper()
	commands := strings.Join(lines, "\n")
	sh.status = 0
	if printed := sh.run(t, "set -e\n"+commands); sh.status != 0 {
		t.Errorf("exit status %d of\n%s\n%s", sh.status, commands, printed)
	}
}

// fence runs a fence and returns its lines as they are true.
func (sh *shell) fence(t *testing.T, kind string, lines []string) []string {
	switch kind {
	case "console":
		return sh.transcript(t, lines)
	case "sh":
		sh.succeed(t, lines)
	case "yaml":
		for _, commands := range yamlCommands(lines) {
			sh.succeed(t, commands)
		}
	case "make":
		if _, err := exec.LookPath("make"); err != nil {
			return lines
		}
		makefile := strings.Join(lines, "\n") + "\n"
		if err := os.WriteFile(filepath.Join(sh.dir, "Makefile"), []byte(makefile), 0o666); err != nil {
			t.Fatal(err)
		}
		sh.succeed(t, []string{"make"})
	}
	return lines
}

// transcript runs the commands of a console fence and returns it with what comes out.
func (sh *shell) transcript(t *testing.T, lines []string) []string {
	var out []string
	for i := 0; i < len(lines); {
		command, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			t.Fatalf("%q stands before the first command of its fence", lines[i])
		}
		out = append(out, lines[i])
		for i++; strings.HasSuffix(lines[i-1], `\`) && i < len(lines); i++ {
			out = append(out, lines[i])
			command += "\n" + lines[i]
		}
		end := i
		for end < len(lines) && !strings.HasPrefix(lines[end], "$ ") {
			end++
		}
		written := lines[i:end]
		printed := screenLines(sh.run(t, command))
		if fits(written, printed) {
			printed = written
		}
		out, i = append(out, printed...), end
	}
	return out
}

// screenLines returns what was printed as it stands in a document: without spaces at the end of lines.
func screenLines(printed string) []string {
	var lines []string
	for line := range strings.Lines(printed) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return lines
}

// fits reports whether lines are what is written, in which `...` stands for any lines.
func fits(written, lines []string) bool {
	gap := slices.Index(written, "...")
	if gap < 0 {
		return slices.Equal(written, lines)
	}
	if len(lines) < gap || !slices.Equal(written[:gap], lines[:gap]) {
		return false
	}
	for at := gap; at <= len(lines); at++ {
		if fits(written[gap+1:], lines[at:]) {
			return true
		}
	}
	return false
}

// yamlCommands returns the shell commands in a workflow: what stands at or under the keys run and script.
func yamlCommands(lines []string) [][]string {
	var out [][]string
	for i, line := range lines {
		text := strings.TrimLeft(line, " -")
		key, value, _ := strings.Cut(text, ":")
		value = strings.TrimSpace(value)
		switch {
		case key == "run" && value != "|":
			out = append(out, []string{value})
		case key == "run":
			out = append(out, under(lines[i+1:], len(line)-len(text)))
		case key == "script":
			block := under(lines[i+1:], len(line)-len(text))
			for n, command := range block { // the elements of a list
				block[n] = strings.TrimPrefix(strings.TrimPrefix(command, "- "), "|")
			}
			out = append(out, block)
		}
	}
	return out
}

// under returns the lines up to the first that is not indented by more than that, without their indentation.
func under(lines []string, indent int) []string {
	var block []string
	for _, line := range lines {
		text := strings.TrimLeft(line, " ")
		if text != "" && len(line)-len(text) <= indent {
			break
		}
		block = append(block, text)
	}
	return block
}

// screenVariable is the environment variable that names the file which stands for the terminal.
const screenVariable = "METAGRAPH_TEST_SCREEN"

// onScreen makes of an environment whose stdout is the screen of a document one with a terminal.
func onScreen(env *environment) *environment {
	path := os.Getenv(screenVariable)
	stdout, ok := env.stdout.(*os.File)
	if path == "" || !ok {
		return env
	}
	here, err := stdout.Stat()
	if err != nil {
		return env
	}
	if screen, err := os.Stat(path); err == nil && os.SameFile(screen, here) {
		env.stdoutTerminal, env.width = true, 100
	}
	return env
}

// TestDocLinks wants every file that a document links to or names to be there.
func TestDocLinks(t *testing.T) {
	root := filepath.Join("..", "..")
	var paths []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/cli/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	link := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`) // those with a colon lead out of the repository
	named := regexp.MustCompile("`((?:cmd|internal|docs|packaging|testdata|\\.ci|\\.github)/[^` *]+)`")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), string(m[1]))); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			}
		}
		for _, m := range named.FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, string(m[1]))); err != nil && !bytes.HasPrefix(m[1], []byte("testdata/fuzz")) {
				t.Errorf("%s names %s, which is not there", path, m[1])
			}
		}
	}
}

// TestPreCommitHooks runs what .pre-commit-hooks.yaml has pre-commit run, which puts the files behind it.
func TestPreCommitHooks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the entries are written for a Unix shell")
	}
	hooks, err := os.ReadFile(filepath.Join("..", "..", ".pre-commit-hooks.yaml"))
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
			t.Fatalf("there is no hook %s", id)
		}
		_, entry, _ := strings.Cut(hook, "  entry: ")
		entry, _, _ = strings.Cut(entry, "\n")
		sh := newShell(t, filepath.Join("..", "..", "testdata"))
		if printed := sh.run(t, entry+" "+files); sh.status != status {
			t.Errorf("%s: exit status %d, want %d\n%s", call, sh.status, status, printed)
		}
	}
}

func TestFits(t *testing.T) {
	for _, test := range []struct {
		written, lines string
		want           bool
	}{
		{"a b", "a b", true},
		{"a b", "a", false},
		{"a ... c", "a b b c", true},
		{"a ... c", "a c", true},
		{"a ... c", "a b", false},
		{"... c", "c c", true},
		{"...", "", true},
		{"a ... b ... c", "a x b y c", true},
	} {
		if got := fits(strings.Fields(test.written), strings.Fields(test.lines)); got != test.want {
			t.Errorf("fits(%q, %q) = %v", test.written, test.lines, got)
		}
	}
}

func TestYAMLCommands(t *testing.T) {
	workflow := `
jobs:
  gate:
    steps:
      - run: one
      - name: x
        run: |
          two
          three
      - uses: y
lint:
  script:
    - four
    - five "a: b"
  rules:
    - if: z
`
	var got bytes.Buffer
	for _, commands := range yamlCommands(strings.Split(workflow, "\n")) {
		got.WriteString(strings.TrimSpace(strings.Join(commands, ";")) + "\n")
	}
	if diff := cmp.Diff("one\ntwo;three\nfour;five \"a: b\"\n", got.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
