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
)

// A CollectionType says what the entries of a collection's bytes_list are: what register_proto_function of
// tensorflow/python/framework/ops.py is told.
type CollectionType struct {
	Key     string                   // of the collection
	Message protoreflect.MessageType // of its entries
	Names   *Names                   // where names stand in an entry; empty where nobody said
}

// Decode returns an entry as a message of the collection's type.
func (t *CollectionType) Decode(entry []byte) (proto.Message, error) {
	m := t.Message.New().Interface()
	if err := schema.Unmarshal(entry, m); err != nil {
		return nil, fmt.Errorf("read an entry of collection %q as %s: %w", t.Key, t.Message.Descriptor().FullName(), err)
	}
	return m, nil
}

// A Registry knows the collections whose entries are protos: those that TensorFlow registers, and those that the user adds.
// It is not for concurrent use while something is registered.
type Registry struct {
	collections map[string]*CollectionType
	known       map[protoreflect.FullName]*Names // where names stand, by message
	files       *protoregistry.Files             // of the descriptor sets
}

// NewRegistry returns a Registry of the collections that TensorFlow registers.
func NewRegistry() *Registry {
	r := &Registry{
		collections: make(map[string]*CollectionType),
		known:       make(map[protoreflect.FullName]*Names),
		files:       new(protoregistry.Files),
	}
	// All are there before the first is filled in, because contexts lie in contexts.
	for _, m := range messages() {
		r.known[m.message.ProtoReflect().Descriptor().FullName()] = &Names{needed: m.needed}
	}
	for _, m := range messages() {
		d := m.message.ProtoReflect().Descriptor()
		for _, field := range m.fields {
			if err := r.add(r.known[d.FullName()], d, field); err != nil {
				panic(err) // the table names a field that the schema does not have: a test would have failed
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

// NamesOf returns where names stand in messages of a type, nil for one that has none as far as is known.
func (r *Registry) NamesOf(message protoreflect.FullName) *Names { return r.known[message] }

// AddDescriptorSet makes the messages of a serialized FileDescriptorSet known (`protoc --descriptor_set_out=FILE
// --include_imports`), so that Register can name them. Files that TensorFlow's protos consist of need not be in it.
func (r *Registry) AddDescriptorSet(set []byte) error {
	var files descriptorpb.FileDescriptorSet
	if err := schema.Unmarshal(set, &files); err != nil {
		return fmt.Errorf("read a descriptor set: %w", err)
	}
	if len(files.GetFile()) == 0 {
		return errors.New("the descriptor set holds no file: make it with `protoc --include_imports --descriptor_set_out`")
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
			return nil // an earlier descriptor set held it
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

// A resolver finds what files of a descriptor set import: in the sets, else in what is linked in.
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

// Register adds a collection, or gives a registered one another type. It is told as on the command line,
//
//	KEY=TYPE
//	KEY=TYPE:FIELD,FIELD,...
//
// with the full name of a message (tensorflow.VariableDef, my.pkg.Queue). Each FIELD is a string field of the message in
// which the name of a node or of a tensor stands, or a path to one through further messages with dots between the parts
// (slot.queue_name). Repeated fields stand for each of their values; the keys and values of a map are `key` and `value`
// (aliases.key). A path may also end at a message that TensorFlow registers, and stands for all names in it then. The first
// FIELD is the leading one: an entry is in a scope where the name there is. Fields need not be given for the messages that
// TensorFlow registers; without them, entries of any other message are never changed. KEY may hold `=`, TYPE cannot.
func (r *Registry) Register(spec string) error {
	cut := strings.LastIndexByte(spec, '=')
	if cut <= 0 || cut == len(spec)-1 {
		return fmt.Errorf("--register %q: want KEY=TYPE, with or without :FIELD,FIELD behind it", spec)
	}
	key, rest := spec[:cut], spec[cut+1:]
	typ, fields, given := strings.Cut(rest, ":")
	message, err := r.message(protoreflect.FullName(strings.TrimPrefix(typ, ".")))
	if err != nil {
		return fmt.Errorf("--register %q: %w", spec, err)
	}
	d := message.Descriptor()
	names := r.known[d.FullName()]
	if given {
		names = new(Names)
		for i, path := range strings.Split(fields, ",") {
			if err := r.add(names, d, nameField{path: path, kind: NodeName, lead: i == 0}); err != nil {
				return fmt.Errorf("--register %q: %w", spec, err)
			}
		}
	}
	if names == nil {
		names = new(Names)
	}
	r.collections[key] = &CollectionType{key, message, names}
	return nil
}

// message finds a type by its name: in the descriptor sets, else among TensorFlow's own.
func (r *Registry) message(name protoreflect.FullName) (protoreflect.MessageType, error) {
	if m, ok := r.known[name]; ok && m != nil {
		// Of a registered message the generated type is the better one, wherever else it is described.
		return protoregistry.GlobalTypes.FindMessageByName(name)
	}
	if d, err := r.files.FindDescriptorByName(name); err == nil {
		if m, ok := d.(protoreflect.MessageDescriptor); ok {
			return dynamicpb.NewMessageType(m), nil
		}
		return nil, fmt.Errorf("%s is no message", name)
	}
	if m, err := protoregistry.GlobalTypes.FindMessageByName(name); err == nil {
		return m, nil
	}
	hint := ""
	if near := nearest.Names(string(name), slices.Collect(r.messageNames), 3); len(near) > 0 {
		hint = "; the nearest are " + strings.Join(near, ", ")
	}
	return nil, fmt.Errorf("there is no message %s%s (--descriptor-set FILE makes messages of your own known)", name, hint)
}

// messageNames yields the full names of all messages that Register can name.
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

// add adds the place that field names, in messages of type d, to names.
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
		return fmt.Errorf("field %s is a group, in which names are not looked for", f.FullName())
	case kind == protoreflect.MessageKind && deeper:
		if p.in == nil {
			p.in = new(Names)
		} else if p.in == r.known[f.Message().FullName()] {
			return nil // all names in it are places already
		}
		return r.add(p.in, f.Message(), nameField{rest, field.kind, field.lead})
	case kind == protoreflect.MessageKind:
		known := r.known[f.Message().FullName()]
		if known == nil {
			return fmt.Errorf("field %s is a %s: name a string field in it, as %s.FIELD", f.FullName(), f.Message().FullName(), field.path)
		}
		p.in = known
	case deeper:
		return fmt.Errorf("field %s is no message, so that there is no %q in it", f.FullName(), rest)
	case kind != protoreflect.StringKind && kind != protoreflect.BytesKind:
		return fmt.Errorf("field %s is a %s and can hold no name", f.FullName(), kind)
	default:
		p.kind = field.kind
	}
	return nil
}
