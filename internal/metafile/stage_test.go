package metafile_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/metafile"
)

// TestCommitFails: if the second of two files cannot be renamed, the first is restored and no other file is left.
func TestCommitFails(t *testing.T) {
	for _, hardLinks := range []bool{true, false} {
		for _, exists := range []bool{true, false} {
			dir := t.TempDir()
			first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
			if exists {
				if err := os.WriteFile(first, []byte("old"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if !hardLinks {
				metafile.WithoutHardLinks(t)
			}
			stage := metafile.NewStage(context.Background())
			write := func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }
			if err := errors.Join(stage.Create(first, write), stage.Create(second, write), os.MkdirAll(filepath.Join(second, "taken"), 0o700)); err != nil {
				t.Fatal(err)
			}
			if err := stage.Commit(); err == nil {
				t.Errorf("hard links %t, exists %t: replaced a directory", hardLinks, exists)
			}
			want := map[string]string{}
			if exists {
				want["first"] = "old"
			}
			if diff := cmp.Diff(want, files(t, dir)); diff != "" {
				t.Errorf("hard links %t, exists %t (-want +got):\n%s", hardLinks, exists, diff)
			}
		}
	}
}

// files returns the content of the files in a directory, without its subdirectories.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[entry.Name()] = string(content)
	}
	return found
}
