package metafile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/metafile"
)

// tree creates files in a new directory. Files that end in .meta are MetaGraphDefs with their name as the version.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".meta") && content == "" {
			content = fmt.Sprintf("meta_info_def { tensorflow_version: %q }", name)
		}
		write(t, path, []byte(content))
	}
	return dir
}

// TestResolve: an argument is resolved to a file.
func TestResolve(t *testing.T) {
	state := func(path string) string {
		return fmt.Sprintf("model_checkpoint_path: %q\nall_model_checkpoint_paths: %q\n", path, path)
	}
	table := strings.Repeat("x", 40) + "\x57\xfb\x80\x8b\x24\x75\x47\xdb"
	const savedModel = "saved_model_schema_version: 1 meta_graphs { }"
	for _, test := range []struct {
		name, argument string
		files          map[string]string
		want           string // the resolved file
		problem, hint  string
	}{
		{name: "a file", argument: "a.meta", files: map[string]string{"a.meta": ""}, want: "a.meta"},
		{name: "a prefix", argument: "model.ckpt-3", files: map[string]string{"model.ckpt-3.meta": "", "model.ckpt-3.index": "x"}, want: "model.ckpt-3.meta"},
		{name: "MetaGraphDef at a V1 prefix", argument: "model.ckpt-3", files: map[string]string{"model.ckpt-3.meta": "", "model.ckpt-3": "graph_def { }"}, want: "model.ckpt-3"},
		{name: "V1 checkpoint at the prefix", argument: "model.ckpt-3", files: map[string]string{"model.ckpt-3.meta": "", "model.ckpt-3": table}, want: "model.ckpt-3.meta"},
		{name: "sharded V1 checkpoint", argument: "model.ckpt-3-?????-of-00002", files: map[string]string{"model.ckpt-3.meta": "", "model.ckpt-3-00000-of-00002": table}, want: "model.ckpt-3.meta"},
		{name: "shard of a V1 checkpoint", argument: "model.ckpt-3-00000-of-00002", files: map[string]string{"model.ckpt-3.meta": "", "model.ckpt-3-00000-of-00002": table}, want: "model.ckpt-3.meta"},
		{name: "directory with a sharded V1 checkpoint", argument: "train", files: map[string]string{"train/checkpoint": state("model.ckpt-3-?????-of-00002"), "train/model.ckpt-3.meta": ""}, want: "train/model.ckpt-3.meta"},
		{name: "duplicate state entry", argument: "train", files: map[string]string{"train/checkpoint": state("model.ckpt-1") + state("model.ckpt-2"), "train/model.ckpt-2.meta": ""}, want: "train/model.ckpt-2.meta"},
		{name: "a training directory", argument: "train", files: map[string]string{"train/checkpoint": state("model.ckpt-30"), "train/model.ckpt-30.meta": "", "train/model.ckpt-20.meta": ""}, want: "train/model.ckpt-30.meta"},
		{name: "state file", argument: "train/checkpoint", files: map[string]string{"train/checkpoint": state("model.ckpt-30"), "train/model.ckpt-30.meta": ""}, want: "train/model.ckpt-30.meta"},
		{name: "moved directory", argument: "train", files: map[string]string{"train/checkpoint": state("/home/somebody/train/model.ckpt-30"), "train/model.ckpt-30.meta": ""}, want: "train/model.ckpt-30.meta"},
		{name: "moved from Windows", argument: "train", files: map[string]string{"train/checkpoint": state(`C:\Users\x\train\model.ckpt-30`), "train/model.ckpt-30.meta": ""}, want: "train/model.ckpt-30.meta"},
		{name: "relative, from another directory", argument: "train", files: map[string]string{"train/checkpoint": state("out/train/model.ckpt-30"), "train/model.ckpt-30.meta": ""}, want: "train/model.ckpt-30.meta"},
		{name: "relative, in a subdirectory", argument: "train", files: map[string]string{"train/checkpoint": state("best/model.ckpt-30"), "train/best/model.ckpt-30.meta": "", "train/model.ckpt-30.meta": ""}, want: "train/best/model.ckpt-30.meta"},
		{name: "directory named checkpoint", argument: "train", files: map[string]string{"train/checkpoint/model.ckpt-3.meta": "", "train/a.meta": ""}, problem: "is a directory with neither", hint: "a.meta"},
		{name: "directory named checkpoint next to a prefix", argument: "model", files: map[string]string{"model/checkpoint/x": "", "model.meta": ""}, want: "model.meta"},
		{name: "a SavedModel's directory", argument: "sm", files: map[string]string{"sm/saved_model.pb": savedModel, "sm/saved_model.pbtxt": savedModel}, want: "sm/saved_model.pb"},
		{name: "a SavedModel's directory, text", argument: "sm", files: map[string]string{"sm/saved_model.pbtxt": savedModel}, want: "sm/saved_model.pbtxt"},
		{name: "a directory and a prefix", argument: "run", files: map[string]string{"run/events": "x", "run.meta": ""}, want: "run.meta"},
		{name: "directory and prefix, trailing slash", argument: "run/", files: map[string]string{"run/events": "x", "run.meta": ""}, want: "run.meta"},
		{name: "MetaGraphDef named checkpoint", argument: "checkpoint", files: map[string]string{"checkpoint": "graph_def { }"}, want: "checkpoint"},

		{name: "missing", argument: "model.ckpt-3", files: map[string]string{"x": ""}, problem: "model.ckpt-3: no such file or directory", hint: "found no .meta file in "},
		{name: "missing, one other file", argument: "model.ckpt-3", files: map[string]string{"b.meta": ""}, problem: "model.ckpt-3: no such file or directory", hint: "found "},
		{name: "missing, two other files", argument: "model.ckpt-3", files: map[string]string{"b.meta": "", "c.meta": ""}, problem: "no such file or directory", hint: "found 2 .meta files in "},
		{name: "directory with pattern characters", argument: "a[b]*/x", files: map[string]string{"a[b]*/b.meta": ""}, problem: "no such file or directory", hint: "b.meta"},
		{name: "missing directory", argument: "no/where/x.meta", files: map[string]string{"x": ""}, problem: "no such file or directory", hint: "does not exist"},
		{name: "a V1 checkpoint without a graph", argument: "model.ckpt-3", files: map[string]string{"model.ckpt-3": table, "b.meta": ""}, problem: "is a checkpoint's index", hint: ".meta"},
		{name: "index only", argument: "model.ckpt-3", files: map[string]string{"model.ckpt-3.index": "x"}, problem: "is a checkpoint without a graph", hint: "write_meta_graph=False"},
		{name: "unrelated directory", argument: "train", files: map[string]string{"train/events": "x", "train/a.meta": ""}, problem: "is a directory with neither", hint: "a.meta"},
		{name: "missing checkpoint", argument: "train", files: map[string]string{"train/checkpoint": state("model.ckpt-30"), "train/model.ckpt-20.meta": ""}, problem: "model.ckpt-30.meta: does not exist, but ", hint: "model.ckpt-20.meta"},
		{name: "missing checkpoint, state file", argument: "train/checkpoint", files: map[string]string{"train/checkpoint": state("model.ckpt-30")}, problem: "model.ckpt-30.meta: does not exist, but ", hint: "no .meta file"},
		{name: "a state without a path", argument: "train", files: map[string]string{"train/checkpoint": `all_model_checkpoint_paths: "a"`}, problem: "names no latest checkpoint", hint: "no .meta file"},
		{name: "an empty state", argument: "train", files: map[string]string{"train/checkpoint": ""}, problem: "checkpoint: is empty", hint: "no .meta file"},
		{name: "empty state file", argument: "train/checkpoint", files: map[string]string{"train/checkpoint": ""}, problem: "checkpoint: is empty", hint: ""},
		{name: "invalid state", argument: "train", files: map[string]string{"train/checkpoint": "hello"}, problem: "is not a CheckpointState: ", hint: ""},
		{name: "unrelated file named checkpoint", argument: "train/checkpoint", files: map[string]string{"train/checkpoint": "hello"}, problem: "is text, but not a ", hint: ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.ContainsAny(test.argument, "*?") {
				t.Skip("not a valid name on Windows")
			}
			dir := tree(t, test.files)
			f, err := metafile.Open(dir+string(filepath.Separator)+filepath.FromSlash(test.argument), metafile.OpenOptions{})
			if test.problem == "" {
				if err != nil {
					t.Fatal(err)
				}
				if want := filepath.Join(dir, filepath.FromSlash(test.want)); filepath.Clean(f.Path) != want || filepath.Clean(f.Name) != want {
					t.Errorf("%s, named %s; want %s", f.Path, f.Name, want)
				}
				return
			}
			var e *metafile.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), test.problem) || !strings.Contains(e.Hint(), test.hint) {
				t.Errorf("%v (%+v)", err, e)
			}
		})
	}
}

// TestCheckpointPrefix: a directory is resolved to a checkpoint, with or without a graph.
func TestCheckpointPrefix(t *testing.T) {
	latest := `model_checkpoint_path: "/gone/model.ckpt-3"`
	for _, test := range []struct {
		argument string
		files    map[string]string
		want     string
		problem  string
	}{
		{argument: "model.ckpt-3", want: "model.ckpt-3"},
		{argument: "train", files: map[string]string{"train/checkpoint": latest, "train/model.ckpt-3.index": "x"}, want: "train/model.ckpt-3"},
		{argument: "train", files: map[string]string{"train/checkpoint": `model_checkpoint_path: "a-?????-of-00001"`, "train/a-00000-of-00001": "x"}, want: "train/a"},
		{argument: "model", files: map[string]string{"model/saved_model.pb": "x"}, want: "model/variables/variables"},
		{argument: "train", files: map[string]string{"train.index": "x", "train/checkpoint": latest}, want: "train"},
		{argument: "train", files: map[string]string{"train/checkpoint/model.ckpt-3.index": "x"}, problem: "is a directory without a `checkpoint` file"},
		{argument: "train", files: map[string]string{"train/checkpoint": ""}, problem: "is empty"},
		{argument: "train/checkpoint", files: map[string]string{"train/checkpoint": latest, "train/model.ckpt-3.index": "x"}, want: "train/model.ckpt-3"},
		{argument: "train/checkpoint", files: map[string]string{"train/checkpoint": "a V1 checkpoint"}, want: "train/checkpoint"},
		{argument: "train/checkpoint", files: map[string]string{"train/checkpoint": latest, "train/checkpoint.index": "x"}, want: "train/checkpoint"},
		{argument: "train/checkpoint", files: map[string]string{"train/checkpoint": `all_model_checkpoint_paths: "a"`}, problem: "names no latest checkpoint"},
	} {
		dir := tree(t, test.files)
		got, err := metafile.CheckpointPrefix(filepath.Join(dir, test.argument))
		if test.problem != "" {
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("%v: %v, want %s", test.files, err, test.problem)
			}
		} else if want := filepath.Join(dir, filepath.FromSlash(test.want)); err != nil || got != want {
			t.Errorf("%v: %s, %v; want %s", test.files, got, err, want)
		}
	}
}

// TestStateTooLarge: an endless file named `checkpoint` is not read completely.
func TestStateTooLarge(t *testing.T) {
	dir := tree(t, map[string]string{"train/checkpoint": "x"})
	if err := os.Truncate(filepath.Join(dir, "train", "checkpoint"), 1<<30); err != nil {
		t.Skip(err)
	}
	if allocated := allocatedBy(func() {
		if _, err := metafile.Open(filepath.Join(dir, "train"), metafile.OpenOptions{}); err == nil || !strings.Contains(err.Error(), "too large") {
			t.Errorf("the error is %v", err)
		}
	}); allocated > 1<<20 {
		t.Errorf("%d bytes were allocated", allocated)
	}
}

// TestResolveHints opens files next to a model: the error names the model.
func TestResolveHints(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"serving/1/saved_model.pb", "serving/12/saved_model.pb", "serving/3/saved_model.pb", "serving/tmp/x", "model/saved_model.pb",
		"model/variables/variables.index", "model/keras_metadata.pb", "model/tfhub_module.pb", "split/saved_model.cpb", "empty/.meta"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("\x00\x01\x02"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	for _, test := range []struct{ path, problem, hint string }{
		{in("serving"), "contains versions of a SavedModel for TensorFlow Serving: 1, 3, 12", in("serving/12")},
		{in("model/variables"), "contains the variables of a SavedModel", in("model")},
		{in("model/variables/variables"), "is the checkpoint of a SavedModel", in("model")},
		{in("model/keras_metadata.pb"), "is the Keras metadata of a SavedModel", "saved_model.pb"},
		{in("model/tfhub_module.pb"), "is the marker of a TensorFlow Hub module", "saved_model.pb"},
		{in("split/saved_model.cpb"), "is a SavedModel in chunks", "save it again"},
		{in("empty"), "was saved with an empty name", in("empty/.meta")},
		{"gs://bucket/model.meta", "is a URL", "gcloud storage cat 'gs://bucket/model.meta'"},
		{"https://example.invalid/model.meta", "is a URL", "curl -fsSL 'https://example.invalid/model.meta'"},
		{"file:///models/model.meta", "is a URL", "/models/model.meta"},
	} {
		_, err := metafile.Open(test.path, metafile.OpenOptions{})
		var wrong *metafile.Error
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Problem, test.problem) || !strings.Contains(wrong.Hint(), test.hint) {
			t.Errorf("%s: got %v (%+v), want %q and the hint %q", test.path, err, wrong, test.problem, test.hint)
		}
	}
}
