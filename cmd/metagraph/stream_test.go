package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// setStreamFrom changes streamFrom until the test ends.
func setStreamFrom(t *testing.T, size int) {
	t.Helper()
	old := streamFrom
	t.Cleanup(func() { streamFrom = old })
	streamFrom = size
}

// TestStreamed: whether clear-devices writes while it reads or afterwards makes no difference to the output, to an old output after an
// error, to the messages, to the exit code and to the files left.
func TestStreamed(t *testing.T) {
	placed := func(name, device string) []byte {
		return wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, name), wiretest.String(fieldnum.NodeDef_Op, "NoOp"), wiretest.String(fieldnum.NodeDef_Device, device))
	}
	graph := bytes.Repeat(placed("n", "/gpu:0"), 10)
	rest := wiretest.Message(fieldnum.MetaGraphDef_SaverDef, wiretest.String(fieldnum.SaverDef_SaveTensorName, "save"))
	inputs := map[string][]byte{
		"length.meta":  wiretest.Message(fieldnum.MetaGraphDef_GraphDef, graph), // its length takes one byte afterwards
		"damaged.meta": wiretest.Message(fieldnum.MetaGraphDef_GraphDef, graph, wiretest.Message(fieldnum.GraphDef_Node, []byte{0x0a, 0x70}), graph),
		"twice.meta":   wiretest.Join(wiretest.Message(fieldnum.MetaGraphDef_GraphDef, graph), rest, wiretest.Message(fieldnum.MetaGraphDef_GraphDef, graph)),
		"saver.meta":   wiretest.Join(rest, wiretest.Message(fieldnum.MetaGraphDef_GraphDef, graph, graph)),
		"clear.meta":   wiretest.Message(fieldnum.MetaGraphDef_GraphDef, placed("n", "")),
		"empty.meta":   wiretest.Message(fieldnum.MetaGraphDef_GraphDef, placed("n", "/job:\x01")),
		"library.meta": wiretest.Message(fieldnum.MetaGraphDef_GraphDef, graph, wiretest.Message(fieldnum.GraphDef_Library), graph, wiretest.String(77, "unknown")),
		"graph.pb":     bytes.Repeat(graph, 10),
	}
	for path, raw := range testfiles.Testdata(t) {
		inputs[strings.ReplaceAll(path, "/", "-")+".meta"] = raw
	}
	streamed := 0
	for name, raw := range inputs {
		for _, flags := range []string{"", "--colocation", "--map /gpu:0=/job:a_long_name/task:0/device:GPU:7", "--map /gpu:99=/gpu:0", "--match /job:ps", "--match /gpuu:0", "--graph-only --report json"} {
			for _, out := range []string{"out.meta", "out.pb", name, ""} {
				setStreamFrom(t, len(raw)+1)
				want := clearedDevices(t, name, raw, flags, out)
				setStreamFrom(t, 0)
				if diff := cmp.Diff(want, clearedDevices(t, name, raw, flags, out)); diff != "" {
					t.Errorf("%s, %s, output %q (-at once +streamed):\n%s", name, flags, out, diff)
				}
				m, err := wire.ParseMetaGraph(raw)
				if err == nil && out == "out.meta" && m.Streams(0) && want.Code == exitDone {
					streamed++
				}
			}
		}
	}
	if streamed < 20 {
		t.Errorf("only %d outputs were streamed", streamed)
	}
}

// A cleared is what a run of clear-devices leaves.
type cleared struct {
	Code           int
	Stdout, Stderr string
	Files          map[string]string
}

// clearedDevices runs clear-devices in a new directory with the given input, where all possible outputs exist already.
func clearedDevices(t *testing.T, name string, raw []byte, flags, out string) cleared {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, path := range []string{"out.meta", "out.pb", name} {
		content := []byte("old")
		if path == name {
			content = raw
		}
		// An old file is not waited for.
		if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour))); err != nil {
			t.Fatal(err)
		}
	}
	args := append([]string{"clear-devices", name}, strings.Fields(flags)...)
	if out != "" {
		args = append(args, out)
	}
	result := cleared{Files: make(map[string]string)}
	result.Code, result.Stdout, result.Stderr = command(nil, args...)
	paths, err := filepath.Glob("*")
	hidden, _ := filepath.Glob(".*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, hidden...) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		result.Files[path] = string(content)
	}
	return result
}

// TestStreamUnsupported checks which outputs are written while the input is read.
func TestStreamUnsupported(t *testing.T) {
	setStreamFrom(t, 0)
	dir := t.TempDir()
	for _, test := range []struct {
		out  string
		o    clearDevicesOptions
		want error
	}{
		{out: filepath.Join(dir, "out.meta")},
		{out: filepath.Join(dir, "out")},
		{out: filepath.Join(dir, "out.pb"), want: errors.ErrUnsupported},
		{out: filepath.Join(dir, "out.pbtxt"), want: errors.ErrUnsupported},
		{out: filepath.Join(dir, "out.pbtxt"), o: clearDevicesOptions{out: outputFlags{format: "binary"}}},
		{out: filepath.Join(dir, "out.meta"), o: clearDevicesOptions{out: outputFlags{format: "json"}}, want: errors.ErrUnsupported},
		{out: filepath.Join(dir, "out.meta"), o: clearDevicesOptions{out: outputFlags{dryRun: true}}, want: errors.ErrUnsupported},
		{out: filepath.Join(dir, "out.meta"), o: clearDevicesOptions{check: true}, want: errors.ErrUnsupported},
		{out: "-", want: errors.ErrUnsupported},
		{out: os.DevNull, want: errors.ErrUnsupported},
	} {
		in, err := metafile.Open(filepath.Join("..", "..", "testdata", "queues.meta"), metafile.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		env := newEnvironment(strings.NewReader(""), io.Discard, io.Discard)
		if err := test.o.stream(t.Context(), env, in, test.out, rewrite.DeviceOptions{}); !errors.Is(err, test.want) {
			t.Errorf("%q, %+v: %v, want %v", test.out, test.o, err, test.want)
		}
		_ = in.Close()
	}
}
