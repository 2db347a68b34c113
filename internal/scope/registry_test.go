package scope

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/structpb"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
)

// descriptorSet returns a set with one file, which imports a TensorFlow file that is not in the set:
//
//	message Slot { string queue = 1; repeated string readers = 2; map<string, string> aliases = 3; int32 size = 4; }
//	message Own { Slot slot = 1; repeated Slot slots = 2; tensorflow.VariableDef variable = 3; string title = 4; }
func descriptorSet(t *testing.T) []byte {
	t.Helper()
	field := func(name string, num int32, label descriptorpb.FieldDescriptorProto_Label, typ descriptorpb.FieldDescriptorProto_Type, message string) *descriptorpb.FieldDescriptorProto {
		f := &descriptorpb.FieldDescriptorProto{Name: &name, Number: &num, Label: &label, Type: &typ}
		if message != "" {
			f.TypeName = &message
		}
		return f
	}
	const (
		one     = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
		many    = descriptorpb.FieldDescriptorProto_LABEL_REPEATED
		str     = descriptorpb.FieldDescriptorProto_TYPE_STRING
		message = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	)
	set := &descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{
		Name: proto.String("my/own.proto"), Package: proto.String("my"), Syntax: proto.String("proto3"),
		Dependency: []string{"tensorflow/core/framework/variable.proto"},
		MessageType: []*descriptorpb.DescriptorProto{
			{Name: proto.String("Slot"), Field: []*descriptorpb.FieldDescriptorProto{
				field("queue", 1, one, str, ""), field("readers", 2, many, str, ""),
				field("aliases", 3, many, message, ".my.Slot.AliasesEntry"),
				field("size", 4, one, descriptorpb.FieldDescriptorProto_TYPE_INT32, ""),
			}, NestedType: []*descriptorpb.DescriptorProto{{
				Name: proto.String("AliasesEntry"), Options: &descriptorpb.MessageOptions{MapEntry: proto.Bool(true)},
				Field: []*descriptorpb.FieldDescriptorProto{field("key", 1, one, str, ""), field("value", 2, one, str, "")},
			}}},
			{Name: proto.String("Own"), Field: []*descriptorpb.FieldDescriptorProto{
				field("slot", 1, one, message, ".my.Slot"), field("slots", 2, many, message, ".my.Slot"),
				field("variable", 3, one, message, ".tensorflow.VariableDef"), field("title", 4, one, str, ""),
			}},
		},
	}}}
	b, err := proto.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRegister(t *testing.T) {
	r := NewRegistry()
	if err := r.AddDescriptorSet(descriptorSet(t)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		spec string
		want string // part of the error
	}{
		{"averages=tensorflow.VariableDef", ""},
		{"a=b=.tensorflow.SaverDef", ""},
		{"own=my.Own", ""},
		{"own=my.Own:slot.queue,slots.readers,slots.aliases.key,slots.aliases.value,variable", ""},
		{"own=my.Own:variable", ""},
		{"own", "expected KEY=TYPE"},
		{"=my.Own", "expected KEY=TYPE"},
		{"own=", "expected KEY=TYPE"},
		{"own=tensorflow.VariablDef", "tensorflow.VariableDef"},
		{"own=my.Own:", `no field ""`},
		{"own=my.Own:titel", "slot, slots, variable, title"},
		{"own=my.Own:slot", "choose a string field in it: slot.FIELD"},
		{"own=my.Own:slot.size", "cannot contain a name"},
		{"own=my.Own:title.x", "is not a message"},
	} {
		err := r.Register(test.spec)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("Register(%q): error = %v, want an error containing %q", test.spec, err, test.want)
		}
	}
	if _, ok := r.Lookup("a=b"); !ok {
		t.Error("a key with = is not registered")
	}
	own, _ := r.Lookup("own")
	if got := own.Message.Descriptor().FullName(); got != "my.Own" {
		t.Errorf("the type of own is %s, want my.Own", got)
	}
}

func TestAddDescriptorSetRefuses(t *testing.T) {
	missing, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{
		{Name: proto.String("a.proto"), Dependency: []string{"b.proto"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	circle, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{
		{Name: proto.String("a.proto"), Dependency: []string{"b.proto"}}, {Name: proto.String("b.proto"), Dependency: []string{"a.proto"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string][]byte{"empty": nil, "garbage": []byte("\x0a\xff"), "import missing": missing, "circle": circle} {
		if err := NewRegistry().AddDescriptorSet(set); err == nil {
			t.Errorf("%s: the invalid descriptor set is accepted", name)
		}
	}
	// Adding the same set twice is not an error.
	r := NewRegistry()
	for range 2 {
		if err := r.AddDescriptorSet(descriptorSet(t)); err != nil {
			t.Error(err)
		}
	}
	// A set can contain its own copy of the well-known types.
	known, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{
		protodesc.ToFileDescriptorProto(structpb.File_google_protobuf_struct_proto),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.AddDescriptorSet(known); err != nil {
		t.Error(err)
	}
}

// TestBuiltin checks the table against the schema: every string field of a registered message is a known place.
func TestBuiltin(t *testing.T) {
	want := []string{"cond_context", "global_step", "local_variables", "metric_variables", "model_variables",
		"moving_average_variables", "queue_runners", "savers", "trainable_variables", "variables", "while_context"}
	r := NewRegistry()
	if diff := cmp.Diff(want, r.Keys()); diff != "" {
		t.Errorf("registered collections (-want +got):\n%s", diff)
	}
	for _, m := range []proto.Message{new(tfpb.VariableDef), new(tfpb.SaveSliceInfoDef), new(tfpb.QueueRunnerDef), new(tfpb.SaverDef),
		new(tfpb.CondContextDef), new(tfpb.WhileContextDef), new(tfpb.ValuesDef)} {
		d := m.ProtoReflect().Descriptor()
		names := r.NamesOf(d.FullName())
		if d.FullName() == "tensorflow.SaveSliceInfoDef" {
			names = r.NamesOf("tensorflow.VariableDef").at(fieldnum.VariableDef_SaveSliceInfoDef).in
		}
		for i := range d.Fields().Len() {
			f := d.Fields().Get(i)
			if f.Kind().String() == "string" && names.at(f.Number()) == nil {
				t.Errorf("%s is missing from the table", f.FullName())
			}
		}
	}
}
