package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestDocs runs the code blocks of README.md and docs/*.md. Each document runs from top to bottom in its own copy of testdata:
//
//	```console    Lines that start with `$ ` are commands, which a backslash at the end of a line continues. The rest is the
//	              output (stdout and stderr) as shown on a terminal of 100 columns. A line `...` matches any lines.
//	              -update replaces the output.
//	```sh         must succeed
//	```yaml       the commands under run: and script: must succeed
//	```make       make must succeed
//
// A block after `<!-- not run -->` is skipped. An HTML comment that starts with `<!-- setup` contains commands that readers need
// not see. PATH starts with a bin directory for substitutes of programs.
func TestDocs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the examples need a Unix shell")
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	root := testfiles.Path(t, "")
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
				t.Errorf("go test ./cmd/metagraph -run TestDocs -update replaces the output (-written +actual):\n%s", diff)
			}
		})
	}
}

// runDocument runs the code blocks of a document and returns the document with the actual output.
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

// blockEnd returns the number of the last line of the block that starts at line start.
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

// fence runs a code block and returns its lines with the actual output.
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

// transcript runs the commands of a console block and returns it with the actual output.
func (sh *shell) transcript(t *testing.T, lines []string) []string {
	var out []string
	for i := 0; i < len(lines); {
		command, ok := strings.CutPrefix(lines[i], "$ ")
		if !ok {
			t.Fatalf("%q precedes the first command of its block", lines[i])
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

// screenLines returns output as lines of a document, without trailing spaces.
func screenLines(printed string) []string {
	var lines []string
	for line := range strings.Lines(printed) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return lines
}

// fits reports whether lines match the written ones, in which `...` matches any lines.
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

// yamlCommands returns the shell commands in a workflow: the values of the keys run and script.
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

// under returns the lines up to the first one with at most the given indentation, without their common indentation.
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
