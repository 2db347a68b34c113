package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

const trained = "../../testdata/train/model.ckpt-3.meta"

// show runs `metagraph show` in an environment and returns its output.
func show(t *testing.T, env *environment, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	env.stdout, env.stderr = &out, new(bytes.Buffer)
	root := newRootCommand(env)
	root.SetArgs(append([]string{"show"}, args...))
	if err := root.ExecuteContext(context.Background()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestShowOnTerminal: on a terminal, a section is a table that fits its width, in color unless the user disables it.
func TestShowOnTerminal(t *testing.T) {
	for _, width := range []int{80, 100, 200} {
		out := show(t, &environment{stdoutTerminal: true, width: width, noColor: true}, trained, "nodes")
		for line := range strings.Lines(out) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width {
				t.Errorf("width %d: a line of %d characters: %s", width, n, line)
			}
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("width %d: color although disabled", width)
		}
	}
	out := show(t, &environment{stdoutTerminal: true, width: 80}, trained, "devices")
	if !strings.HasPrefix(out, "\x1b[2mdevice ") {
		t.Errorf("no colored heading:\n%s", out)
	}
	piped := show(t, &environment{}, trained, "devices")
	if !strings.HasPrefix(piped, "/device:CPU:0\t14\t") {
		t.Errorf("in a pipe:\n%s", piped)
	}
}

// TestShowDescriptorSet: a collection of a user-defined message is decoded with the user's descriptor set.
func TestShowDescriptorSet(t *testing.T) {
	str := descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum()
	set := &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{
		Name: proto.String("my/own.proto"), Package: proto.String("my"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: proto.String("Own"), Field: []*descriptorpb.FieldDescriptorProto{
			{Name: proto.String("node_name"), Number: proto.Int32(1), Type: str, Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), JsonName: proto.String("nodeName")},
		}}},
	}}}
	own := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "a/b")
	meta := &tfpb.MetaGraphDef{GraphDef: &tfpb.GraphDef{}, CollectionDef: map[string]*tfpb.CollectionDef{
		"mine": {Kind: &tfpb.CollectionDef_BytesList_{BytesList: &tfpb.CollectionDef_BytesList{Value: [][]byte{own}}}},
	}}
	dir := t.TempDir()
	write := func(name string, m proto.Message) string {
		raw, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file, descriptors := write("m.meta", meta), write("own.binpb", set)
	got := show(t, new(environment), file, "collections", "--register", "mine=my.Own", "--descriptor-set", descriptors)
	if diff := cmp.Diff("mine\tbytes_list of my.Own\t{\"node_name\": \"a/b\"}\tOwn\n", got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	got = show(t, new(environment), file, "collections", "--register", "mine=my.Own", "--descriptor-set", descriptors, "--format", "json")
	if !strings.Contains(got, `"entries": [{"node_name": "a/b"}]`) {
		t.Errorf("JSON:\n%s", got)
	}
}

// A closedPipe is a pipe whose reader has closed it.
type closedPipe struct{ written int }

func (p *closedPipe) Write(b []byte) (int, error) {
	p.written += len(b)
	if p.written > 1000 {
		return 0, syscall.EPIPE
	}
	return len(b), nil
}

// TestShowIntoClosedPipe: if the reader of a listing closes the pipe, the program exits at once without a message.
func TestShowIntoClosedPipe(t *testing.T) {
	for _, format := range []string{"tsv", "json", "table", "markdown"} {
		var out closedPipe
		var stderr bytes.Buffer
		if code := run(context.Background(), []string{"show", trained, "nodes", "--format", format}, nil, &out, &stderr); code != exitDone {
			t.Errorf("%s: exit code %d", format, code)
		}
		if stderr.Len() > 0 {
			t.Errorf("%s: %s", format, stderr.String())
		}
	}
}

// TestShowIntoFullDisk: a full disk is an error of the output, not of the input.
func TestShowIntoFullDisk(t *testing.T) {
	var stderr bytes.Buffer
	code := run(context.Background(), []string{"show", trained}, nil, writerFunc(func([]byte) (int, error) { return 0, errors.New("no space left") }), &stderr)
	if code != exitError || stderr.String() != "metagraph: no space left\n" {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// TestSectionTable: all sections have unique names and a purpose.
func TestSectionTable(t *testing.T) {
	seen := map[string]bool{allSections: true}
	for _, s := range sectionTable() {
		if seen[s.name] || s.name == "" || s.purpose == "" {
			t.Errorf("section %q: purpose %q", s.name, s.purpose)
		}
		seen[s.name] = true
	}
}
