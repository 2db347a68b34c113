package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// TestLimits runs the program with resource limits. The message names the limit, and the old file is unchanged.
func TestLimits(t *testing.T) {
	program, err := exec.LookPath("metagraph")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	large, out := filepath.Join(dir, "large.meta"), filepath.Join(dir, "out.meta")
	huge, endless := filepath.Join(dir, "huge.meta"), filepath.Join(dir, "endless.meta")
	if err := os.WriteFile(large, heavy(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, size := range map[string]int64{huge: 2 << 30, endless: 5 << 30} {
		// A sparse file: a graph, and a field that is a hole.
		head := protowire.AppendTag(wiretest.Message(fieldnum.MetaGraphDef_GraphDef, wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "a"), wiretest.String(fieldnum.NodeDef_Op, "NoOp"))), 99, protowire.BytesType)
		head = protowire.AppendVarint(head, uint64(size))
		if err := os.WriteFile(path, head, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, int64(len(head))+size); err != nil {
			t.Skip(err)
		}
	}
	tooLong := endless + ": has more than 4 GiB; a protobuf message cannot have over 2 GiB"
	if strconv.IntSize == 32 {
		tooLong = "do not fit into the remaining address space"
	}
	const few = "too many open files\nhint: raise the limit of open files: ulimit -n 64"
	model := []string{"export", "--saved-model", "--inputs", "features", "--outputs", "probabilities", testfiles.Path(t, "testdata/iris"), filepath.Join(dir, "model")}
	for _, test := range []struct {
		limit string // for ulimit
		args  []string
		want  string
	}{
		{"-f 100", []string{"clear-devices", large, out}, "cannot write " + out + ": file too large"},
		{"-f 100", []string{"export", "--as-text", large, out}, "cannot write " + out + ": file too large"},
		{"-n 4", []string{"export", large, out}, "cannot open enough files: too many open files"},
		{"-n 6", []string{"export", large, out}, "cannot open enough files: too many open files"},
		{"-n 7", []string{"export", large, out}, "too many open files"},
		{"-n 8", model, few},  // OUT cannot be examined
		{"-n 9", model, few},  // no file can be created in it
		{"-n 10", model, few}, // the checkpoint cannot be read
		{"-v 2000000", []string{"show", huge}, huge + ": its 2147483668 bytes do not fit into the remaining address space"},
		{"-v unlimited", []string{"show", endless}, tooLong},
	} {
		if strings.HasPrefix(test.limit, "-v") && testfiles.Raced() {
			continue // the race detector needs terabytes of address space
		}
		if err := os.WriteFile(out, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sh", append([]string{"-c", "ulimit " + test.limit + ` && exec "$@"`, "sh", program}, test.args...)...)
		said, _ := cmd.CombinedOutput() // the exit code is checked below
		if code := cmd.ProcessState.ExitCode(); code != exitError || !strings.HasPrefix(string(said), "metagraph: ") || !strings.Contains(string(said), test.want) {
			t.Errorf("ulimit %s, %q: exit %d, %s", test.limit, test.args, code, said)
		}
		if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
			t.Errorf("ulimit %s, %q: %q are left (%v)", test.limit, test.args, left, err)
		}
		if got, err := os.ReadFile(out); err != nil || string(got) != "old" {
			t.Errorf("ulimit %s, %q: the old file changed (%v)", test.limit, test.args, err)
		}
	}
}
