package metafile

import (
	"errors"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/text"
	"github.com/metagraph/metagraph/internal/wire"
)

// message returns an empty message of the kind.
func (k Kind) message() proto.Message {
	switch k {
	case GraphDef:
		return new(tfpb.GraphDef)
	case SavedModel:
		return new(tfpb.SavedModel)
	case DebugInfo:
		return new(tfpb.GraphDebugInfo)
	}
	return new(tfpb.MetaGraphDef)
}

// fromJSON converts a message from protobuf's JSON mapping to binary.
func fromJSON(raw []byte, kind Kind) ([]byte, error) {
	message := kind.message()
	types := make(opaqueTypes)
	if err := (protojson.UnmarshalOptions{Resolver: types}).Unmarshal(raw, message); err != nil {
		return nil, plain(err)
	}
	if err := types.each(message.ProtoReflect(), types.unwrap, 0); err != nil {
		return nil, err
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(message)
}

// plain removes the prefix of a protobuf-go error and normalizes its spaces, which vary from build to build.
func plain(err error) error {
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	return errors.New(strings.TrimPrefix(text, "proto: "))
}

// opaqueTypes resolves the message types of Any. It finds the types of the schema and of TensorFlow. For any other
// name, it makes a message with one field, `value`, and remembers it.
type opaqueTypes map[protoreflect.FullName]protoreflect.MessageType

// A packed is a google.protobuf.Any, generated or dynamic.
type packed struct{ protoreflect.Message }

func (p packed) field(num protoreflect.FieldNumber) protoreflect.FieldDescriptor {
	return p.Descriptor().Fields().ByNumber(num)
}

func (p packed) url() string    { return p.Get(p.field(fieldnum.Any_TypeUrl)).String() }
func (p packed) value() []byte  { return p.Get(p.field(fieldnum.Any_Value)).Bytes() }
func (p packed) set(raw []byte) { p.Set(p.field(fieldnum.Any_Value), protoreflect.ValueOfBytes(raw)) }

// each calls use with every Any in message that has an unknown type, including those nested in other Anys.
func (o opaqueTypes) each(message protoreflect.Message, use func(packed) error, depth int) error {
	if message.Descriptor().FullName() == "google.protobuf.Any" {
		return o.any(packed{message}, use, depth)
	}
	if !holdsAny(message.Descriptor(), make(map[protoreflect.FullName]bool)) {
		return nil // for example, the graph
	}
	var err error
	message.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.IsMap() && fd.MapValue().Message() != nil:
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				err = o.each(v.Message(), use, depth)
				return err == nil
			})
		case fd.IsMap() || fd.Message() == nil:
		case fd.IsList():
			for i := 0; i < v.List().Len() && err == nil; i++ {
				err = o.each(v.List().Get(i).Message(), use, depth)
			}
		default:
			err = o.each(v.Message(), use, depth)
		}
		return err == nil
	})
	return err
}

// any is like each for a single Any.
func (o opaqueTypes) any(any packed, use func(packed) error, depth int) error {
	if any.url() == "" {
		return nil
	}
	known := knownType(wire.AnyType(any.url()))
	if known == nil {
		return use(any)
	}
	if depth == text.MaxAnyDepth {
		return errors.New("Any messages are nested more than " + strconv.Itoa(text.MaxAnyDepth) + " deep")
	}
	if !holdsAny(known.Descriptor(), make(map[protoreflect.FullName]bool)) {
		return nil
	}
	inner := known.New()
	if schema.Unmarshal(any.value(), inner.Interface()) != nil {
		return nil // protojson reports the error
	}
	if err := o.each(inner, use, depth+1); err != nil {
		return err
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(inner.Interface())
	any.set(raw)
	return err
}

// knownType returns a message type of the schema or else of TensorFlow, or nil if neither has it.
func knownType(name protoreflect.FullName) protoreflect.MessageType {
	if known, err := protoregistry.GlobalTypes.FindMessageByName(name); err == nil {
		return known
	}
	if d, err := text.Pool().FindDescriptorByName(name); err == nil {
		if md, ok := d.(protoreflect.MessageDescriptor); ok {
			return dynamicpb.NewMessageType(md)
		}
	}
	return nil
}

// holdsAny reports whether a message of the given type can hold an Any. It skips the types in seen and adds those it
// visits.
func holdsAny(md protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if md.FullName() == "google.protobuf.Any" {
		return true
	}
	if seen[md.FullName()] {
		return false
	}
	seen[md.FullName()] = true
	for i := range md.Fields().Len() {
		if inner := md.Fields().Get(i).Message(); inner != nil && holdsAny(inner, seen) {
			return true
		}
	}
	return false
}

// unwrap replaces the value of an opaque Any, decoded as a message with one field, by the content of that field.
func (o opaqueTypes) unwrap(any packed) error {
	opaque, err := o.FindMessageByURL(any.url())
	if err != nil {
		return err
	}
	m := opaque.New()
	if err := schema.Unmarshal(any.value(), m.Interface()); err != nil {
		return err
	}
	any.set(m.Get(opaque.Descriptor().Fields().ByNumber(1)).Bytes())
	return nil
}

// FindMessageByName implements protojson's resolver, like the methods below.
func (o opaqueTypes) FindMessageByName(name protoreflect.FullName) (protoreflect.MessageType, error) {
	if opaque, ok := o[name]; ok {
		return opaque, nil
	}
	if known := knownType(name); known != nil {
		return known, nil
	}
	if !name.IsValid() {
		return nil, errors.New("an Any has the type " + strconv.Quote(string(name)) + ", which is not a valid message name")
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name:    proto.String("opaque.proto"),
		Package: proto.String(string(name.Parent())),
		Syntax:  proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: proto.String(string(name.Name())),
			Field: []*descriptorpb.FieldDescriptorProto{{
				Name: proto.String("value"), Number: proto.Int32(1),
				Type:  descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum(),
				Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
			}},
		}},
	}, nil)
	if err != nil {
		return nil, err
	}
	o[name] = dynamicpb.NewMessageType(file.Messages().Get(0))
	return o[name], nil
}

// FindMessageByURL resolves the part after the last slash.
func (o opaqueTypes) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	return o.FindMessageByName(wire.AnyType(url))
}

// FindExtensionByName finds extensions of the schema.
func (opaqueTypes) FindExtensionByName(name protoreflect.FullName) (protoreflect.ExtensionType, error) {
	return protoregistry.GlobalTypes.FindExtensionByName(name)
}

// FindExtensionByNumber finds extensions of the schema.
func (opaqueTypes) FindExtensionByNumber(name protoreflect.FullName, num protoreflect.FieldNumber) (protoreflect.ExtensionType, error) {
	return protoregistry.GlobalTypes.FindExtensionByNumber(name, num)
}
