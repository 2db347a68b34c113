//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// heavy returns a file of about 32 MB whose nodes all have a device. Writing it takes long enough to be interrupted by a signal.
func heavy(t *testing.T) []byte {
	t.Helper()
	content := make([]byte, 1<<20)
	for i := range content {
		content[i] = byte(i * i >> 8)
	}
	graph := &tfpb.GraphDef{Versions: &tfpb.VersionDef{Producer: 27}}
	for i := range 32 {
		graph.Node = append(graph.Node, &tfpb.NodeDef{Name: fmt.Sprintf("c%d", i), Op: "Const", Device: "/device:GPU:0", Attr: map[string]*tfpb.AttrValue{
			"value": {Value: &tfpb.AttrValue_Tensor{Tensor: &tfpb.TensorProto{Dtype: tfpb.DataType_DT_UINT8, TensorContent: content,
				TensorShape: &tfpb.TensorShapeProto{Dim: []*tfpb.TensorShapeProto_Dim{{Size: 1 << 20}}}}}},
		}})
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&tfpb.MetaGraphDef{GraphDef: graph})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A victim is a process that rewrites a file in place and is killed meanwhile.
type victim struct {
	command  []string // the program and its arguments
	path     string
	old, new []byte
	lasts    time.Duration // duration without interruption
}

// temporaries returns the temporary files next to the target.
func (v *victim) temporaries(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(filepath.Dir(v.path), ".metagraph-*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// strike starts the program and sends it a signal: after the given time or, if writing is set, that long after its temporary file
// appears. It returns whether the target is "old" or "new", and whether a temporary file is left.
func (v *victim) strike(t *testing.T, signal os.Signal, after time.Duration, writing bool) (target string, left bool) {
	t.Helper()
	if err := os.WriteFile(v.path, v.old, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(v.command[0], v.command[1:]...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for writing && len(v.temporaries(t)) == 0 && len(ended) == 0 {
		time.Sleep(100 * time.Microsecond)
	}
	time.Sleep(after)
	if err := cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	// An impatient user or a supervisor may send several signals.
	for range 2 {
		time.Sleep(100 * time.Microsecond)
		_ = cmd.Process.Signal(signal)
	}
	err := <-ended
	got, readErr := os.ReadFile(v.path)
	if readErr != nil {
		t.Fatal(readErr)
	}
	names := v.temporaries(t)
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	switch {
	case bytes.Equal(got, v.new):
		return "new", len(names) > 0
	case !bytes.Equal(got, v.old):
		t.Errorf("%v after %v: %d bytes that are neither the old file nor the new one", signal, after, len(got))
	case err == nil:
		t.Errorf("%v after %v: the file is the old one, but the program reported success", signal, after)
	}
	return "old", len(names) > 0
}

// TestKilled kills the program at many moments while it replaces a file. The file is always the complete old or the complete new
// one. After signals that a program can handle, no temporary file is left.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	program, err := exec.LookPath("metagraph") // this test binary; see TestMain
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{path: filepath.Join(t.TempDir(), "model.meta"), old: heavy(t)}
	v.command = []string{program, "clear-devices", v.path, v.path}
	if err := os.WriteFile(v.path, v.old, 0o600); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if out, err := exec.Command(program, v.command[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	v.lasts = time.Since(start)
	if v.new, err = os.ReadFile(v.path); err != nil || bytes.Equal(v.old, v.new) {
		t.Fatal("nothing was rewritten", err)
	}
	for _, round := range []struct {
		signal os.Signal
		tries  int
	}{{syscall.SIGKILL, 24}, {syscall.SIGTERM, 8}, {os.Interrupt, 8}, {syscall.SIGHUP, 8}} {
		outcomes := make(map[string]int)
		for i := range round.tries {
			after := v.lasts * time.Duration(i/2) / time.Duration(round.tries/2)
			target, left := v.strike(t, round.signal, after, i%2 == 1)
			outcomes[target]++
			if left {
				outcomes["interrupted while writing"]++
			}
			if left && round.signal != syscall.SIGKILL {
				t.Errorf("%v after %v left a file behind", round.signal, after)
			}
		}
		t.Logf("%v: %v", round.signal, outcomes)
	}
	// A process that was started to ignore hangups does so.
	v.command = append([]string{"sh", "-c", `trap "" HUP; exec "$@"`, "sh"}, v.command...)
	if target, left := v.strike(t, syscall.SIGHUP, 0, true); target != "new" || left {
		t.Errorf("an ignored hangup: the file is the %s one", target)
	}
}

// TestInterruptedPipe: the program exits at the first signal even if nobody reads its output.
func TestInterruptedPipe(t *testing.T) {
	program, err := exec.LookPath("metagraph")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.meta")
	if err := os.WriteFile(path, heavy(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		if signal.Ignored(sig) {
			continue // under nohup, which ignores it
		}
		cmd := exec.Command(program, "clear-devices", path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		state, err := cmd.Process.Wait() // while the pipe is full
		if err != nil {
			t.Fatal(err)
		}
		if status := state.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != sig {
			t.Errorf("%v: %v", sig, state)
		}
		_ = out.Close()
	}
}
