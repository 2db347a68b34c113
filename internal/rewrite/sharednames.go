package rewrite

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/opdef"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// findShared finds the resources (variables, tables, queues) that have the same shared_name in both graphs. If
// UniqueShared is set, it renames those of the imported graph. Node names do not matter: two copies of a graph in one
// session share every resource with the same shared_name.
func (i *importer) findShared() error {
	if !i.into {
		return nil
	}
	base, err := i.base.functions()
	if err != nil {
		return err
	}
	// For a function in both graphs, the import keeps the base's.
	if err := i.in.survey.addFunctions(i.o.ClearDevices, func(name string) bool { _, has := base.functions[name]; return !has }); err != nil {
		return err
	}
	if err := i.base.survey.addFunctions(false, func(string) bool { return true }); err != nil {
		return err
	}
	shared := i.in.survey.sharedWith(i.base.survey)
	if i.o.UniqueShared {
		i.sharedNames = make(map[resourceKey]string, len(shared))
	}
	taken := func(key resourceKey) func(string) bool {
		return func(name string) bool {
			at := resourceKey{key.kind, key.container, name}
			return i.in.survey.resources[at] != nil || i.base.survey.resources[at] != nil
		}
	}
	for _, key := range shared {
		s := SharedName{Kind: key.kind, Name: key.name, Nodes: len(i.in.survey.resources[key].nodes) + i.in.survey.resources[key].inside}
		if i.o.UniqueShared {
			name := key.name
			if i.report.Scope != "" {
				name = i.report.Scope + "/" + name
			}
			s.NewName = scope.Unique(name, taken(key))
			i.sharedNames[key] = s.NewName
			i.base.survey.resources[resourceKey{key.kind, key.container, s.NewName}] = new(resource) // the new name is taken
			for _, node := range i.in.survey.resources[key].nodes {
				i.edit(node).Attrs["shared_name"] = wire.NewRope(stringAttr(s.NewName))
			}
		} else {
			i.report.SharedState += s.Nodes
			if key.isVariable() {
				i.sharedVariables += len(i.in.survey.resources[key].nodes)
			}
		}
		if len(i.report.SharedNames) < maxRenames {
			i.report.SharedNames = append(i.report.SharedNames, s)
		}
	}
	return i.checkSharedFunctions()
}

// countUnsaved counts the variables that the saver of the result does not restore: those of the other graph, except
// shared ones.
func (i *importer) countUnsaved() {
	if !i.into {
		return
	}
	switch i.report.Saver {
	case "base":
		i.report.Unsaved = i.in.survey.variables - i.sharedVariables
	case "imported":
		i.report.Unsaved = i.base.survey.variables
		for _, key := range i.base.survey.sharedWith(i.in.survey) {
			if key.isVariable() && i.sharedNames[key] == "" {
				i.report.Unsaved -= len(i.base.survey.resources[key].nodes)
			}
		}
	}
}

// stringAttr returns the AttrValue of a string.
func stringAttr(text string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, fieldnum.AttrValue_S, protowire.BytesType), text)
}

// addFunctions adds the resources in the bodies of all functions that wanted selects. The error is a *wire.SyntaxError.
func (v *survey) addFunctions(cleared bool, wanted func(name string) bool) error {
	for f, err := range v.rest.Functions() {
		if err != nil {
			return err
		}
		if !wanted(f.Name()) {
			continue
		}
		for n, err := range f.Nodes() {
			if err != nil {
				return err
			}
			v.addResource(n, inFunction, cleared)
		}
	}
	return nil
}

// checkSharedFunctions reports functions of both graphs that the imported graph calls and whose shared_names would
// change. One function cannot use both the old and the new name.
func (i *importer) checkSharedFunctions() error {
	if len(i.sharedNames) == 0 {
		return nil
	}
	base, err := i.base.functions()
	if err != nil {
		return err
	}
	both := make(map[string]bool)
	for f, err := range i.in.survey.rest.Functions() {
		if err != nil {
			return err
		}
		if _, has := base.functions[f.Name()]; has && i.usesShared(f) {
			both[f.Name()] = true
		}
	}
	if len(both) == 0 {
		return nil
	}
	library, err := draft.NewLibrary(i.in.survey.rest)
	if err != nil {
		return err
	}
	called := library.NewClosure()
	for n, err := range i.in.Graph().Nodes() {
		if err != nil {
			return err
		}
		if err := called.Node(n.Op, n.Attrs); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(both)) {
		if called.Has[name] {
			i.conflicts.About(UniqueSharedArgument, "rebuild one of the graphs with different function names",
				"function %q exists in both graphs and uses a shared_name that would change", name)
		}
	}
	return nil
}

// usesShared reports whether a node in a function body has a shared_name that changes.
func (i *importer) usesShared(f wire.Function) bool {
	for n, err := range f.Nodes() {
		if err != nil {
			return false // the error is reported when the function is copied
		}
		if i.newSharedName(n) != "" {
			return true
		}
	}
	return false
}

// newSharedName returns the new shared_name of an imported resource, or "" if it stays the same.
func (i *importer) newSharedName(n *wire.Node) string {
	kind := opdef.ResourceKind(n.Op)
	if kind == "" {
		return ""
	}
	name, _ := textAttr(n, "shared_name")
	container, _ := textAttr(n, "container")
	return i.sharedNames[resourceKey{kind, container, name}]
}

// withSharedNames returns an imported FunctionDef with the new shared_names of its nodes, and whether any changed.
func (i *importer) withSharedNames(function []byte) ([]byte, bool) {
	out := make([]byte, 0, len(function))
	changed := false
	var n wire.Node
	for s := wire.Scan(function); s.Next(); {
		name := ""
		if s.Is(fieldnum.FunctionDef_NodeDef) && n.Parse(s.Data) == nil {
			name = i.newSharedName(&n)
		}
		if name == "" {
			out = append(out, s.Raw...)
			continue
		}
		changed = true
		node, _ := withoutEntry(s.Data, fieldnum.NodeDef_Attr, "shared_name")
		entry := protowire.AppendString(protowire.AppendTag(nil, fieldnum.MapEntry_Key, protowire.BytesType), "shared_name")
		entry = protowire.AppendBytes(protowire.AppendTag(entry, fieldnum.MapEntry_Value, protowire.BytesType), stringAttr(name))
		node = protowire.AppendBytes(protowire.AppendTag(node, fieldnum.NodeDef_Attr, protowire.BytesType), entry)
		out = protowire.AppendBytes(protowire.AppendTag(out, s.Num, protowire.BytesType), node)
	}
	return out, changed
}
