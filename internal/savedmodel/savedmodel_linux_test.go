package savedmodel_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/savedmodel"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// model returns a model with values and two assets, one of them in a subdirectory.
func model(t *testing.T) (savedmodel.Model, []string) {
	t.Helper()
	_, raw := message(t)
	source := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(source, make([]byte, 30<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	return savedmodel.Model{Message: raw, Dirs: []string{filepath.Dir(source)}, Values: checkpoint.Source{Checkpoint: values(t), Key: func(key string) (string, bool) { return key, strings.HasPrefix(key, "layer/") }},
			Assets: []savedmodel.Asset{{Filename: "words", Sources: []string{source}}, {Filename: "sub/words", Sources: []string{source}}}},
		[]string{"assets/sub/words", "assets/words", "saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index"}
}

// TestWriteFull writes a model to file systems of increasing size, so that each step runs out of space once. A directory that was empty
// is empty again.
func TestWriteFull(t *testing.T) {
	testfiles.Tmpfs(t, "") // skips the test where it cannot mount
	m, want := model(t)
	failed, done := 0, false
	for room := 2; !done && room < 40; room++ {
		for _, options := range []string{fmt.Sprintf("nr_inodes=%d", room+1), fmt.Sprintf("size=%dk", 4*room)} {
			t.Run(options, func(t *testing.T) {
				disk := testfiles.Tmpfs(t, options)
				dir := filepath.Join(disk, "1")
				if err := os.Mkdir(dir, 0o750); err != nil {
					t.Fatal(err)
				}
				err := m.Write(context.Background(), dir, ready)
				if done = err == nil; done {
					if diff := cmp.Diff(want, files(t, dir)); diff != "" {
						t.Errorf("files (-want +got):\n%s", diff)
					}
					return
				}
				failed++
				if !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), ".tmp") {
					t.Errorf("the error is %v", err)
				}
				if diff := cmp.Diff([]string{"1/"}, files(t, disk)); diff != "" {
					t.Errorf("files (-want +got):\n%s", diff)
				}
			})
		}
	}
	if !t.Failed() && (!done || failed < 8) {
		t.Errorf("%d failures, then done: %v", failed, done)
	}
}

// TestWriteStopped cancels the context of a write after increasing delays. The directory is complete or does not exist.
func TestWriteStopped(t *testing.T) {
	m, want := model(t)
	for delay := time.Duration(0); delay < 20*time.Millisecond; delay += 500 * time.Microsecond {
		dir := t.TempDir()
		ctx, cancel := context.WithTimeout(context.Background(), delay)
		err := m.Write(ctx, filepath.Join(dir, "new", "1"), ready)
		cancel()
		var left []string
		if err == nil {
			for _, name := range want {
				left = append(left, "new/1/"+name)
			}
		}
		if diff := cmp.Diff(left, files(t, dir)); diff != "" {
			t.Errorf("after %v, %v: files (-want +got):\n%s", delay, err, diff)
		}
	}
}
