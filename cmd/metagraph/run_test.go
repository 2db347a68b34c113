package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// command runs the program in this process and returns its exit code and output.
func command(stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	code = run(context.Background(), args, stdin, &out, &err)
	return code, out.String(), err.String()
}

// corpusFiles returns the real files that can be opened, or those that cannot, up to a size. It skips the test if there are none.
func corpusFiles(t *testing.T, good bool, limit int64) []string {
	t.Helper()
	dir := corpusDir(t)
	if dir == "" {
		t.Skip("no corpus")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, entry := range entries {
		name := entry.Name()
		foreign := strings.HasPrefix(name, "BAD-") || filepath.Ext(name) == ".index"
		if ext := filepath.Ext(name); ext == ".tsv" || ext == ".md" || foreign == good {
			continue
		}
		if info, err := entry.Info(); err != nil || info.Size() > limit {
			continue
		}
		files = append(files, filepath.Join(dir, name))
	}
	return files
}

// TestCorpusRewritten runs the rewriting commands on real files. The output is readable and has the requested changes. Without
// changes, it has the same bytes.
func TestCorpusRewritten(t *testing.T) {
	for _, path := range corpusFiles(t, true, 1<<20) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "out") // without an extension, so that it has the format of IN
			done := func(args ...string) {
				t.Helper()
				if code, _, stderr := command(nil, args...); code != exitDone {
					t.Fatalf("%q: exit %d, %s", args, code, stderr)
				}
			}
			in, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			done("clear-devices", path, out)
			done("clear-devices", "--check", out)
			done("clear-devices", "--colocation", "-q", out, out)
			done("clear-devices", "--check", "--colocation", out)

			done("filter-collections", "--keep", "*", "--allow-missing", path, out)
			if got, err := os.ReadFile(out); err != nil || filepath.Ext(path) != ".pbtxt" && !bytes.Equal(in, got) {
				t.Errorf("the bytes changed although all collections are kept (%v)", err)
			}
			done("filter-collections", "--drop", "*", "--allow-missing", path, out)
			if code, stdout, stderr := command(nil, "show", out, "collections", "--raw"); code != exitDone || stdout != "" {
				t.Errorf("collections remain: exit %d, %s%s", code, stdout, stderr)
			}
			done("export", path, out)
			done("show", out)

			for _, format := range []string{"text", "json"} {
				if len(in) > 200<<10 {
					break
				}
				done("clear-devices", "-q", "--output-format", format, path, out)
				done("clear-devices", "--check", out)
			}
		})
	}
}

// TestErrorsOfForeignFiles: for every command and every unsupported file, the exit code is 2, stderr has one line that identifies
// the file and at most one hint, stdout is empty, and no file is written.
func TestErrorsOfForeignFiles(t *testing.T) {
	dir := t.TempDir()
	whole := testfiles.Read(t, "testdata/queues.meta")
	files := map[string][]byte{
		"empty.meta": nil, "gzip.meta": []byte("\x1f\x8b\x08\x00rest"), "zip.meta": []byte("PK\x03\x04rest"), "keras.h5": []byte("\x89HDF\r\n\x1a\nrest"),
		"page.meta": []byte("<!DOCTYPE html>\n<html></html>\n"), "words.meta": []byte("Hello\nworld\n"), "cut.meta": whole[:len(whole)-100], "cut-early.meta": whole[:700],
		"zeros.meta": make([]byte, 4096), "bad.pbtxt": []byte("graph_def {\n  node {\n    nme: \"a\"\n  }\n}\n"), "bad.json": []byte(`{"graphDef": {"node": 5}}`), "noise.meta": {0xfe, 0xdc, 0xba, 0x98},
		"escape.meta": []byte("\x1b[31mred\n"), "lfs.meta": []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
	}
	var paths []string
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	if corpusDir(t) != "" {
		paths = append(paths, corpusFiles(t, false, 1<<20)...)
	}
	out := filepath.Join(t.TempDir(), "out.meta")
	good := testfiles.Path(t, "testdata/queues.meta")
	for _, path := range append(paths, filepath.Join(dir, "missing.meta"), filepath.Join(dir, "no", "where.meta")) {
		for _, args := range [][]string{
			{"clear-devices", path, out}, {"clear-devices", "--check", path}, {"clear-devices", path}, {"filter-collections", "--keep", "*", path, out},
			{"show", path}, {"show", path, "nodes"}, {"show", path, "--format", "json"}, {"export", path, out}, {"import", path, out},
			{"import", "--into", path, good, out}, {"diff", path, good}, {"diff", good, path},
		} {
			if args[0] == "show" && !slices.Contains(args, "nodes") && filepath.Ext(path) == ".index" && !strings.HasPrefix(filepath.Base(path), "BAD-") {
				continue // show lists a checkpoint
			}
			code, stdout, stderr := command(nil, args...)
			if slices.Contains(args, "json") {
				checkErrorJSON(t, path, code, stdout, stderr)
				continue
			}
			lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
			if code != exitError || stdout != "" || !strings.HasPrefix(lines[0], "metagraph: ") || len(lines) > 2 ||
				len(lines) == 2 && !strings.HasPrefix(lines[1], "hint: ") || strings.ContainsAny(stderr, "\x1b\r\x00") || !strings.Contains(lines[0], filepath.Base(path)) {
				t.Errorf("%q: exit %d, %d bytes on stdout, stderr:\n%s", args, code, len(stdout), stderr)
			}
			if _, err := os.Lstat(out); err == nil {
				t.Fatalf("%q: output was written", args)
			}
		}
	}
	left, err := os.ReadDir(filepath.Dir(out))
	if err != nil || len(left) > 0 {
		t.Errorf("%d files remain (%v)", len(left), err)
	}
}

// checkErrorJSON expects one JSON object on stderr that names the file.
func checkErrorJSON(t *testing.T, path string, code int, stdout, stderr string) {
	t.Helper()
	var report struct {
		FormatVersion     int `json:"format_version"`
		Error, Hint, File string
	}
	if err := json.Unmarshal([]byte(stderr), &report); err != nil || code != exitError || stdout != "" || strings.Count(stderr, "\n") != 1 ||
		report.FormatVersion != 1 || !strings.Contains(report.Error, filepath.Base(path)) || report.File == "" {
		t.Errorf("%s: exit %d, %d bytes on stdout, stderr (%v):\n%s", path, code, len(stdout), err, stderr)
	}
}

// TestChangesWhileShown: the exit code is 2 if a file changes while its contents are printed.
func TestChangesWhileShown(t *testing.T) {
	path, good := filepath.Join(t.TempDir(), "large.meta"), testfiles.Path(t, "testdata/queues.meta")
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	large := wiretest.Join(whole, wiretest.String(99, strings.Repeat("x", 1<<20))) // so that it is mapped
	for _, args := range [][]string{
		{"show", path}, {"show", path, "nodes"}, {"show", path, "all", "--format", "json"}, {"show", path, "scopes", "--format", "dot"},
		{"diff", path, good}, {"diff", good, path}, {"export", path}, {"export", "--as-text", "--allow-unknown", path}, {"import", "--into", path, good},
	} {
		if err := os.WriteFile(path, large, 0o600); err != nil {
			t.Fatal(err)
		}
		out := &meddlingWriter{path: path}
		var stderr bytes.Buffer
		code := run(context.Background(), args, strings.NewReader(""), out, &stderr)
		want := "metagraph: " + path + ": changed while it was read\nhint: run the command again when nothing writes to the file\n"
		if slices.Contains(args, "json") {
			checkErrorJSON(t, path, code, "", stderr.String())
			continue
		}
		if code != exitError || stderr.String() != want || out.err != nil {
			t.Errorf("%q: exit %d (%v), stderr:\n%s", args, code, out.err, stderr.String())
		}
	}
}

// A meddlingWriter changes a file on its first write.
type meddlingWriter struct {
	path string
	err  error
}

func (w *meddlingWriter) Write(p []byte) (int, error) {
	if w.path != "" {
		file, err := os.OpenFile(w.path, os.O_WRONLY|os.O_APPEND, 0)
		if err == nil {
			_, err = file.Write(wiretest.Varint(99, 1))
			_ = file.Close()
		}
		w.path, w.err = "", err
	}
	return len(p), nil
}

// TestTerminals: binary is neither written to a terminal nor read from one.
func TestTerminals(t *testing.T) {
	good := testfiles.Path(t, "testdata/queues.meta")
	for _, test := range []struct {
		args []string
		want string
		done bool
	}{
		{args: []string{"clear-devices", good}, want: "standard output: is a terminal, but the output is binary"},
		{args: []string{"clear-devices", good, "-"}, want: "standard output: is a terminal, but the output is binary"},
		{args: []string{"filter-collections", "--keep", "*", good}, want: "standard output: is a terminal, but the output is binary"},
		{args: []string{"export", good}, want: "standard output: is a terminal, but the output is binary"},
		{args: []string{"import", good}, want: "standard output: is a terminal, but the output is binary"},
		{args: []string{"clear-devices", "--output-format", "text", good}, done: true},
		{args: []string{"clear-devices", "--output-format", "json", good}, done: true},
		{args: []string{"clear-devices", "--check", "--match", "/job:none", good}, done: true},
		{args: []string{"clear-devices", "--dry-run", good}, done: true},
		{args: []string{"clear-devices"}, want: "no input: standard input is a terminal"},
		{args: []string{"clear-devices", "-"}, want: "no input: standard input is a terminal"},
		{args: []string{"filter-collections", "--keep", "x"}, want: "no input: standard input is a terminal"},
		{args: []string{"show"}, want: ""},
		{args: []string{"show", "-"}, want: "no input: standard input is a terminal"},
	} {
		var stdout, stderr bytes.Buffer
		env := newEnvironment(strings.NewReader(""), &stdout, &stderr)
		env.stdinTerminal, env.stdoutTerminal, env.width = true, true, 80
		root := newRootCommand(env)
		root.SetArgs(test.args)
		err := root.ExecuteContext(context.Background())
		switch {
		case test.done && err != nil:
			t.Errorf("%q: %v", test.args, err)
		case !test.done && (err == nil || !strings.Contains(err.Error(), test.want) || stdout.Len() > 0):
			t.Errorf("%q: %v, %d bytes on stdout", test.args, err, stdout.Len())
		}
	}
}
