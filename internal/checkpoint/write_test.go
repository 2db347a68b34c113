package checkpoint_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/checkpoint"
)

// write writes a checkpoint and opens it. It must be intact.
func write(t *testing.T, sources ...checkpoint.Source) *checkpoint.Checkpoint {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "new.ckpt-1")
	if err := checkpoint.Write(t.Context(), prefix, sources...); err != nil {
		t.Fatal(err)
	}
	c := open(t, prefix)
	damaged, err := c.Verify(t.Context(), nil, nil)
	if err != nil || len(damaged) > 0 {
		t.Errorf("damaged: %v, %v", damaged, err)
	}
	if temporary, _ := filepath.Glob(filepath.Join(filepath.Dir(prefix), ".metagraph-*")); len(temporary) > 0 {
		t.Errorf("left: %q", temporary)
	}
	return c
}

// TestWriteSame: a checkpoint rewritten without changes has the same bytes as TensorFlow's, and shares its data files.
func TestWriteSame(t *testing.T) {
	for _, name := range []string{"bundle", "sliced", "sharded", "objects"} {
		t.Run(name, func(t *testing.T) {
			old := open(t, filepath.Join("testdata", name))
			c := write(t, checkpoint.Source{Checkpoint: old})
			want, err := os.ReadFile(old.Prefix + ".index")
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(c.Prefix + ".index")
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, got) {
				t.Errorf("the index differs:\n%q\n%q", want, got)
			}
			if diff := cmp.Diff(wantedOf(t, name), values(t, c)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestWriteV1 converts V1 checkpoints.
func TestWriteV1(t *testing.T) {
	for _, name := range []string{"first", "first-sliced", "first-sharded"} {
		t.Run(name, func(t *testing.T) {
			c := write(t, checkpoint.Source{Checkpoint: open(t, filepath.Join("testdata", name))})
			if diff := cmp.Diff(wantedOf(t, name), values(t, c)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestWriteCut drops tensors and adds a scope to the keys of the others.
func TestWriteCut(t *testing.T) {
	for _, name := range []string{"bundle", "sharded", "first-sharded"} {
		t.Run(name, func(t *testing.T) {
			keep := func(key string) bool { return strings.Contains(key, "a") }
			key := func(name string) (string, bool) { return "scope/" + name, keep(name) }
			c := write(t, checkpoint.Source{Checkpoint: open(t, filepath.Join("testdata", name)), Key: key})
			var want []wanted
			for _, w := range wantedOf(t, name) {
				if keep(w.Name) {
					w.Name = "scope/" + w.Name
					want = append(want, w)
				}
			}
			if diff := cmp.Diff(want, values(t, c)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestWriteMerged combines checkpoints with linked and with streamed data files.
func TestWriteMerged(t *testing.T) {
	var sources []checkpoint.Source
	want := make(map[string]wanted)
	for _, name := range []string{"sharded", "first", "sliced"} {
		scoped := func(key string) (string, bool) { return name + "/" + key, true }
		sources = append(sources, checkpoint.Source{Checkpoint: open(t, filepath.Join("testdata", name)), Key: scoped})
		for _, w := range wantedOf(t, name) {
			w.Name = name + "/" + w.Name
			want[w.Name] = w
		}
	}
	c := write(t, sources...)
	got := make(map[string]wanted)
	for _, w := range values(t, c) {
		got[w.Name] = w
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if c.Shards != 4 {
		t.Errorf("%d shards, want 4", c.Shards)
	}
	sources[1].Key = func(key string) (string, bool) { return "sharded/" + key, true }
	var duplicate *checkpoint.DuplicateError
	if err := checkpoint.Write(t.Context(), filepath.Join(t.TempDir(), "x"), sources...); !errors.As(err, &duplicate) {
		t.Errorf("duplicate key: %v", err)
	}
}

// TestWriteInPlace reduces a checkpoint in place. The data files with the old number of shards are removed.
func TestWriteInPlace(t *testing.T) {
	dir := t.TempDir()
	prefix := filepath.Join(dir, "model[1].ckpt")
	if err := checkpoint.Write(t.Context(), prefix, checkpoint.Source{Checkpoint: open(t, filepath.Join("testdata", "sharded"))}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []func(string) (string, bool){nil, func(key string) (string, bool) { return key, key != "table" }} {
		if err := checkpoint.Write(t.Context(), prefix, checkpoint.Source{Checkpoint: open(t, prefix), Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if diff := cmp.Diff([]string{"model[1].ckpt.data-00000-of-00001", "model[1].ckpt.index"}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if c := open(t, prefix); len(c.Tensors) != len(wantedOf(t, "sharded"))-1 {
		t.Errorf("%d tensors", len(c.Tensors))
	}
}
