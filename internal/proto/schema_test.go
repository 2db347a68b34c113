package tfpb_test

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/descriptorpb"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// manifestPath is the only file that TensorFlow no longer has.
const manifestPath = "tensorflow/contrib/session_bundle/manifest.proto"

// TestSchemaIsTensorFlows compares the compiled schema, message by message and field by field, with the descriptors in the
// tensorflow package.
func TestSchemaIsTensorFlows(t *testing.T) {
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(testfiles.Shared(t, "schema/tensorflow.binpb"), &set); err != nil {
		t.Fatal(err)
	}
	for _, want := range set.GetFile() {
		if strings.HasPrefix(want.GetName(), "google/protobuf/") {
			continue
		}
		t.Run(strings.ReplaceAll(want.GetName(), "/", "_"), func(t *testing.T) {
			file, err := protoregistry.GlobalFiles.FindFileByPath(want.GetName())
			if err != nil {
				t.Fatal(err)
			}
			got := protodesc.ToFileDescriptorProto(file)
			normalizeFile(got)
			normalizeFile(want)
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Errorf("differs from TensorFlow (-want +got):\n%s", diff)
			}
		})
	}
}

// normalizeFile removes everything that does not affect the encoding of messages: the options of the file (names of Go and Java
// packages, arenas), source positions, and JSON names, which all compilers derive in the same way.
func normalizeFile(file *descriptorpb.FileDescriptorProto) {
	file.Options = nil
	file.SourceCodeInfo = nil
	var messages func([]*descriptorpb.DescriptorProto)
	messages = func(list []*descriptorpb.DescriptorProto) {
		for _, message := range list {
			for _, field := range message.GetField() {
				field.JsonName = nil
			}
			messages(message.GetNestedType())
		}
	}
	messages(file.GetMessageType())
}

// TestProtoFilesAreRegistered: each .proto file is compiled in, under its path in TensorFlow's tree.
func TestProtoFilesAreRegistered(t *testing.T) {
	var onDisk []string
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && path.Ext(name) == ".proto" {
			onDisk = append(onDisk, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var registered []string
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(file.Path(), "google/protobuf/") {
			registered = append(registered, file.Path())
		}
		return true
	})
	slices.Sort(onDisk)
	slices.Sort(registered)
	if diff := cmp.Diff(onDisk, registered); diff != "" {
		t.Errorf(".proto files and registered files differ (-on disk +registered):\n%s", diff)
	}
}

// TestManifestReadsOldExports decodes the signatures that TensorFlow 0.8 stored in an any_list. The manifest is not in
// TensorFlow's descriptor set, so the test uses a real file.
func TestManifestReadsOldExports(t *testing.T) {
	var meta tfpb.MetaGraphDef
	if err := proto.Unmarshal(testfiles.Shared(t, "corpus/serving-half-plus-two-0.8.meta"), &meta); err != nil {
		t.Fatal(err)
	}
	list := meta.GetCollectionDef()["serving_signatures"].GetAnyList().GetValue()
	if len(list) != 1 {
		t.Fatalf("serving_signatures has %d entries, want 1", len(list))
	}
	got, err := list[0].UnmarshalNew()
	if err != nil {
		t.Fatal(err)
	}
	generic := func(key, tensor string) *tfpb.Signature {
		return &tfpb.Signature{Type: &tfpb.Signature_GenericSignature{GenericSignature: &tfpb.GenericSignature{
			Map: map[string]*tfpb.TensorBinding{key: {TensorName: tensor}},
		}}}
	}
	want := &tfpb.Signatures{NamedSignatures: map[string]*tfpb.Signature{
		"inputs":  generic("x", "Placeholder:0"),
		"outputs": generic("y", "Add:0"),
	}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("signatures (-want +got):\n%s", diff)
	}
}

// TestManifestIsCompiledIn: the types of the old manifest are registered, so that an Any can refer to them.
func TestManifestIsCompiledIn(t *testing.T) {
	for _, name := range []protoreflect.FullName{"tensorflow.serving.Signatures", "tensorflow.serving.AssetFile"} {
		message, err := protoregistry.GlobalTypes.FindMessageByName(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := message.Descriptor().ParentFile().Path(); got != manifestPath {
			t.Errorf("%s is in %s, want %s", name, got, manifestPath)
		}
	}
}
