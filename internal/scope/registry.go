package scope

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/metagraph/metagraph/internal/nearest"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// A CollectionType is the message type of the entries in a collection's bytes_list, as register_proto_function in
// tensorflow/python/framework/ops.py sets it.
type CollectionType struct {
	key     string                   // the key of the collection
	Message protoreflect.MessageType // the type of its entries
	Names   *Names                   // the places of names in an entry; empty if unknown
}

// Decode decodes an entry as a message of the collection's type.
func (t *CollectionType) Decode(entry []byte) (proto.Message, error) {
	m := t.Message.New().Interface()
	if err := schema.Unmarshal(entry, m); err != nil {
		return nil, fmt.Errorf("read an entry of collection %q as %s: %w", t.key, t.Message.Descriptor().FullName(), err)
	}
	return m, nil
}

// A Registry holds the collections whose entries are protos: those that TensorFlow registers and those that the user
// adds. Registering is not safe for concurrent use.
type Registry struct {
	collections map[string]*CollectionType
	known       map[protoreflect.FullName]*Names // the places of names, by message
	files       *protoregistry.Files             // the files of the descriptor sets
}

// NewRegistry returns a Registry with the collections that TensorFlow registers.
func NewRegistry() *Registry {
	r := &Registry{
		collections: make(map[string]*CollectionType),
		known:       make(map[protoreflect.FullName]*Names),
		files:       new(protoregistry.Files),
	}
	// Create all before filling the first, because contexts contain contexts.
	for _, m := range messages() {
		r.known[m.message.ProtoReflect().Descriptor().FullName()] = &Names{needed: m.needed}
	}
	for _, m := range messages() {
		d := m.message.ProtoReflect().Descriptor()
		for _, field := range m.fields {
			if err := r.add(r.known[d.FullName()], d, field); err != nil {
				panic(err) // the table names a field that the schema does not have, which a test rules out
			}
		}
		for _, field := range m.prune {
			r.known[d.FullName()].at(d.Fields().ByName(protoreflect.Name(field)).Number()).prune = true
		}
	}
	for key, m := range builtin() {
		message := m.ProtoReflect().Type()
		r.collections[key] = &CollectionType{key, message, r.known[message.Descriptor().FullName()]}
	}
	return r
}

// Lookup returns the type of a collection's entries, and whether the collection is registered.
func (r *Registry) Lookup(key string) (*CollectionType, bool) {
	t, ok := r.collections[key]
	return t, ok
}

// Keys returns the registered collections, sorted.
func (r *Registry) Keys() []string { return slices.Sorted(maps.Keys(r.collections)) }

// NamesOf returns the places of names in messages of a type, or nil for a type without known names.
func (r *Registry) NamesOf(message protoreflect.FullName) *Names { return r.known[message] }

// Errors of Register and AddDescriptorSet.
var (
	ErrUnknownMessage     = errors.New("unknown message")
	ErrEmptyDescriptorSet = errors.New("the descriptor set contains no files")
)

// AddDescriptorSet adds the messages of a serialized FileDescriptorSet (`protoc --descriptor_set_out=FILE
// --include_imports`), so that Register can use them. The set can omit TensorFlow's own files.
func (r *Registry) AddDescriptorSet(set []byte) error {
	var files descriptorpb.FileDescriptorSet
	if err := schema.Unmarshal(set, &files); err != nil {
		return fmt.Errorf("read a descriptor set: %w", err)
	}
	if len(files.GetFile()) == 0 {
		return ErrEmptyDescriptorSet
	}
	byPath := make(map[string]*descriptorpb.FileDescriptorProto, len(files.GetFile()))
	for _, f := range files.GetFile() {
		byPath[f.GetName()] = f
	}
	visited := make(map[string]bool, len(byPath))
	var add func(path string) error
	add = func(path string) error {
		f := byPath[path]
		if f == nil || visited[path] {
			return nil
		}
		visited[path] = true
		for _, dependency := range f.GetDependency() {
			if err := add(dependency); err != nil {
				return err
			}
		}
		if _, err := r.files.FindFileByPath(path); err == nil {
			return nil // added by an earlier descriptor set
		}
		file, err := protodesc.NewFile(f, resolver{r.files})
		if err != nil {
			return fmt.Errorf("read file %q of a descriptor set: %w", path, err)
		}
		return r.files.RegisterFile(file)
	}
	for _, f := range files.GetFile() {
		if err := add(f.GetName()); err != nil {
			return err
		}
	}
	return nil
}

// A resolver finds the imports of a descriptor set's files, first in the sets and then among the linked-in files.
type resolver struct{ files *protoregistry.Files }

func (r resolver) FindFileByPath(path string) (protoreflect.FileDescriptor, error) {
	if f, err := r.files.FindFileByPath(path); err == nil {
		return f, nil
	}
	return protoregistry.GlobalFiles.FindFileByPath(path)
}

func (r resolver) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	if d, err := r.files.FindDescriptorByName(name); err == nil {
		return d, nil
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}

// Register adds a collection, or changes the type of a registered one. The spec has one of these forms:
//
//	KEY=TYPE
//	KEY=TYPE:FIELD,FIELD,...
//
// TYPE is the full name of a message (tensorflow.VariableDef, my.pkg.Queue). Each FIELD is a string field that holds the
// name of a node or tensor, or a path to one through nested messages (slot.queue_name). A repeated field stands for all
// its values. The keys and values of a map are `key` and `value` (aliases.key). A path can also end at a message that
// TensorFlow registers; it then stands for all names in that message.
//
// The first FIELD is the leading one: an entry belongs to a scope if this name does. FIELDs are optional for messages
// that TensorFlow registers. Entries of other messages never change without FIELDs. KEY can contain `=`, TYPE cannot.
func (r *Registry) Register(spec string) error {
	cut := strings.LastIndexByte(spec, '=')
	if cut <= 0 || cut == len(spec)-1 {
		return errors.New("expected KEY=TYPE or KEY=TYPE:FIELD,FIELD")
	}
	key, rest := spec[:cut], spec[cut+1:]
	typ, fields, given := strings.Cut(rest, ":")
	message, err := r.message(protoreflect.FullName(strings.TrimPrefix(typ, ".")))
	if err != nil {
		return err
	}
	d := message.Descriptor()
	names := r.known[d.FullName()]
	if given {
		names = new(Names)
		for i, path := range strings.Split(fields, ",") {
			if err := r.add(names, d, nameField{path: path, kind: NodeName, lead: i == 0}); err != nil {
				return err
			}
		}
	}
	if names == nil {
		names = new(Names)
	}
	r.collections[key] = &CollectionType{key, message, names}
	return nil
}

// FindMessageByURL returns the message type that the type URL of a google.protobuf.Any names. It searches TensorFlow's
// messages and the registered descriptor sets.
func (r *Registry) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	return r.message(wire.AnyType(url))
}

// message finds a type by its name, first in the descriptor sets and then among TensorFlow's messages.
func (r *Registry) message(name protoreflect.FullName) (protoreflect.MessageType, error) {
	if m, ok := r.known[name]; ok && m != nil {
		// Prefer the generated type of a registered message, even if a descriptor set describes it too.
		return protoregistry.GlobalTypes.FindMessageByName(name)
	}
	if d, err := r.files.FindDescriptorByName(name); err == nil {
		if m, ok := d.(protoreflect.MessageDescriptor); ok {
			return dynamicpb.NewMessageType(m), nil
		}
		return nil, fmt.Errorf("%s is not a message", name)
	}
	if m, err := protoregistry.GlobalTypes.FindMessageByName(name); err == nil {
		return m, nil
	}
	hint := ""
	if near := nearest.Names(string(name), slices.Collect(r.messageNames), 3); len(near) > 0 {
		hint = "; did you mean " + strings.Join(near, ", ")
	}
	return nil, fmt.Errorf("%w %s%s", ErrUnknownMessage, name, hint)
}

// messageNames yields the full names of all messages that Register accepts.
func (r *Registry) messageNames(yield func(string) bool) {
	for _, files := range []iter.Seq[protoreflect.FileDescriptor]{r.files.RangeFiles, func(yield func(protoreflect.FileDescriptor) bool) {
		protoregistry.GlobalFiles.RangeFilesByPackage(tfpb.File_tensorflow_core_framework_variable_proto.Package(), yield)
	}} {
		for f := range files {
			for i := range f.Messages().Len() {
				if !yield(string(f.Messages().Get(i).FullName())) {
					return
				}
			}
		}
	}
}

// add adds the place of a field in messages of type d to names.
func (r *Registry) add(names *Names, d protoreflect.MessageDescriptor, field nameField) error {
	first, rest, deeper := strings.Cut(field.path, ".")
	f := d.Fields().ByName(protoreflect.Name(first))
	if f == nil {
		var fields []string
		for i := range d.Fields().Len() {
			fields = append(fields, string(d.Fields().Get(i).Name()))
		}
		return fmt.Errorf("%s has no field %q; it has %s", d.FullName(), first, strings.Join(fields, ", "))
	}
	p := names.at(f.Number())
	if p == nil {
		names.places = append(names.places, place{num: f.Number(), single: f.Cardinality() != protoreflect.Repeated})
		p = &names.places[len(names.places)-1]
	}
	p.lead = p.lead || field.lead
	switch kind := f.Kind(); {
	case kind == protoreflect.GroupKind:
		return fmt.Errorf("field %s is a group; names in groups are not supported", f.FullName())
	case kind == protoreflect.MessageKind && deeper:
		if p.in == nil {
			p.in = new(Names)
		} else if p.in == r.known[f.Message().FullName()] {
			return nil // all names in it are known already
		}
		return r.add(p.in, f.Message(), nameField{rest, field.kind, field.lead})
	case kind == protoreflect.MessageKind:
		known := r.known[f.Message().FullName()]
		if known == nil {
			return fmt.Errorf("field %s has the message type %s; choose a string field in it: %s.FIELD", f.FullName(), f.Message().FullName(), field.path)
		}
		p.in = known
	case deeper:
		return fmt.Errorf("field %s is not a message and has no field %q", f.FullName(), rest)
	case kind != protoreflect.StringKind && kind != protoreflect.BytesKind:
		return fmt.Errorf("field %s has the type %s and cannot contain a name", f.FullName(), kind)
	default:
		p.kind = field.kind
	}
	return nil
}
