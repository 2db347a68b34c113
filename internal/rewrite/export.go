package rewrite

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// ExportOptions says what a copy of a MetaGraphDef is to hold: the arguments of export_meta_graph. The zero value is a copy of
// all of it.
type ExportOptions struct {
	Scope                 string   // only the nodes in this scope, without the scope; slashes at its end mean nothing
	Collections           []string // only the collections with these keys; empty: all
	ClearDevices          bool     // empty the device of every node
	ClearExtraneousSavers bool     // drop the savers that SaverDef is not about, nodes and all
	StripDefaultAttrs     bool     // drop attrs that have their op's default value
	UnboundInputs         string   // the collection that lists the inputs from outside Scope; empty: none does
	Registry              *scope.Registry
}

// An ExportReport says what Export did.
type ExportReport struct {
	Scope          string   `json:"scope"`           // the scope that was exported, empty for the whole graph
	Nodes          int      `json:"nodes"`           // nodes that stayed
	OfNodes        int      `json:"of_nodes"`        // nodes that there were
	UnboundInputs  []string `json:"unbound_inputs"`  // inputs from outside the scope, in the order of their readers
	UnboundListed  bool     `json:"unbound_listed"`  // whether a collection of the copy lists them
	Collections    []string `json:"collections"`     // collections of the copy, sorted
	Dropped        []string `json:"dropped"`         // collections that are not in the copy, sorted
	Missing        []string `json:"missing"`         // collections that were asked for and are not there
	MissingNearest []string `json:"missing_nearest"` // the keys that come nearest to those
	Entries        int      `json:"entries"`         // entries that went from collections that stayed
	Torn           int      `json:"torn"`            // entries that stayed though they name nodes that lie outside the scope
	Initializers   int      `json:"initializers"`    // variables that got an initializer in the scope, theirs lying outside
	Savers         []string `json:"savers"`          // scopes of the savers that went
	Saver          string   `json:"saver"`           // what became of saver_def: "none", "kept", "dropped"
	Cleared        int      `json:"cleared"`         // nodes whose device was cleared
	Attrs          int      `json:"attrs"`           // attrs with default values that were dropped
	Undefined      []string `json:"undefined"`       // ops whose defaults the file does not tell
	Signatures     []string `json:"signatures"`      // signatures that went, because a tensor of theirs did
	Assets         int      `json:"assets"`          // assets that went
	Objects        bool     `json:"objects"`         // the object graph went
	OpsDropped     int      `json:"ops_dropped"`     // op definitions that nothing uses any more
}

// An exporter is one Export at work.
type exporter struct {
	m       *wire.MetaGraph
	o       ExportOptions
	plan    *scope.Plan
	pass    *scope.Pass
	savers  *saverScopes
	strip   *defaultStripper
	used    map[string]bool // ops, where the op list is to be cut
	report  *ExportReport
	trouble Troubles
	assets  []bool // which assets stay
	saver   []byte // the SaverDef of the copy, nil for none
}

// Export returns a copy of a MetaGraphDef as the options have it (export_scoped_meta_graph in
// tensorflow/python/framework/meta_graph.py). What was not asked to change keeps its bytes. It fails with Troubles where the
// options do not fit the file and with a *wire.SyntaxError where the file is damaged.
func Export(m *wire.MetaGraph, o ExportOptions) (*wire.Rope, *ExportReport, error) {
	if o.Registry == nil {
		o.Registry = scope.NewRegistry()
	}
	o.Scope = scope.Clean(o.Scope)
	e := &exporter{m: m, o: o, plan: &scope.Plan{Strip: o.Scope}, report: &ExportReport{Scope: o.Scope}}
	if err := e.prepare(); err != nil {
		return nil, nil, err
	}
	message, err := e.build()
	if err != nil {
		return nil, nil, err
	}
	if err := e.trouble.err(); err != nil {
		return nil, nil, err
	}
	e.report.finish()
	return message, e.report, nil
}

// prepare makes the plan.
func (e *exporter) prepare() error {
	e.pass = &scope.Pass{Plan: e.plan, ClearDevices: e.o.ClearDevices}
	saver, hasSaver := e.m.Message(wire.SaverDef)
	if e.o.ClearExtraneousSavers {
		savers, err := findSavers(e.m.Graph(), saver)
		if err != nil {
			return err
		}
		e.savers = savers
		if len(savers.extraneous) > 0 {
			e.plan.Gone = savers.gone
			e.pass.Reads = e.readsGone
			e.report.Savers = slices.Sorted(maps.Keys(savers.extraneous))
		}
	}
	if e.o.Scope != "" {
		if err := e.checkScope(); err != nil {
			return err
		}
	}
	if e.o.StripDefaultAttrs {
		strip, err := newDefaultStripper(e.m)
		if err != nil {
			return err
		}
		e.strip = strip
		e.pass.DropAttr = strip.drops
	}
	if e.o.StripDefaultAttrs || !e.plan.Nothing() {
		used, err := usedOps(e.m.Graph(), e.plan)
		if err != nil {
			return err
		}
		if e.strip != nil {
			e.report.Undefined = e.strip.without(used)
		}
		if !e.plan.Nothing() {
			e.used = used
		}
	}
	if e.o.Scope != "" {
		// TensorFlow keeps the names of nodes that gradients added to a context, though they lie outside. With unbound inputs,
		// whoever imports the copy mends that; without, the copy is to be loaded as it is.
		unbound, err := readsOutside(e.m.Graph(), e.plan)
		if err != nil {
			return err
		}
		if e.plan.Prune = !unbound; e.plan.Prune {
			instead, err := findInitializers(e.m, e.o.Registry, e.plan.Keeps)
			if err != nil {
				return err
			}
			e.plan.Outer = make(map[string]string, len(instead))
			for initializer, other := range instead {
				e.plan.Outer[initializer] = e.plan.Node(other)
			}
			e.report.Initializers = len(instead)
		}
	}
	e.report.Saver = "none"
	if hasSaver {
		changed, keep, err := e.o.Registry.Saver(e.plan, saver)
		if err != nil {
			return err
		}
		e.report.Saver = "dropped"
		if keep || e.plan.Nothing() {
			e.report.Saver, e.saver = "kept", changed
		}
		if e.plan.Nothing() {
			e.saver = saver
		}
	}
	return e.checkCollections()
}

// readsOutside reports whether a node that stays reads one that lies outside the scope.
func readsOutside(g wire.Graph, p *scope.Plan) (bool, error) {
	for n, err := range g.Nodes() {
		if err != nil {
			return false, err
		}
		if !p.Keeps(n.Name) {
			continue
		}
		for _, input := range n.Inputs {
			if _, node, _ := scope.Split(input); !scope.Under(node, p.Strip) {
				return true, nil
			}
		}
	}
	return false, nil
}

// readsGone notes that a node that stays reads one that goes with its saver.
func (e *exporter) readsGone(node, input []byte) error {
	if len(e.trouble) < listed {
		e.trouble.add("export without --clear-extraneous-savers", "node %q reads %q, which would go with an extraneous saver", node, input)
	}
	return nil
}

// checkScope finds whether there is a node in the scope.
func (e *exporter) checkScope() error {
	scopes := make(map[string]bool)
	isNode := false
	for n, err := range e.m.Graph().Nodes() {
		if err != nil {
			return err
		}
		if scope.Under(n.Name, e.o.Scope) {
			return nil
		}
		isNode = isNode || string(n.Name) == e.o.Scope
		addScopes(scopes, n.Name)
	}
	there := slices.Sorted(maps.Keys(scopes))
	hint := meant(e.o.Scope, there)
	if len(scope.Nearest(e.o.Scope, there, 1)) == 0 {
		// Of thousands of scopes, those at the top say what the graph is made of.
		hint = meant(e.o.Scope, slices.DeleteFunc(slices.Clone(there), func(s string) bool { return strings.Contains(s, "/") }))
	}
	switch {
	case isNode:
		hint = fmt.Sprintf("%q is a node, not a scope", e.o.Scope)
	case len(there) == 0:
		hint = "no node of the graph lies in a scope"
	}
	e.trouble.add(hint, "no node lies in the scope %q", e.o.Scope)
	return e.trouble
}

// addScopes adds the scopes that a node lies in.
func addScopes(scopes map[string]bool, node []byte) {
	for end := len(node) - 1; end > 0; end-- {
		if node[end] == '/' {
			if scopes[string(node[:end])] {
				return // and so are those around it
			}
			scopes[string(node[:end])] = true
		}
	}
}

// checkCollections finds the collections that were asked for and are not there.
func (e *exporter) checkCollections() error {
	there := make(map[string]bool)
	for key := range e.m.Entries(wire.CollectionDef) {
		there[string(key)] = true
	}
	keys := slices.Sorted(maps.Keys(there))
	for _, key := range e.o.Collections {
		if there[key] || key == e.o.UnboundInputs && e.o.Scope != "" || slices.Contains(e.report.Missing, key) {
			continue
		}
		e.report.Missing = append(e.report.Missing, key)
		for _, near := range scope.Nearest(key, keys, 1) {
			if !slices.Contains(e.report.MissingNearest, near) {
				e.report.MissingNearest = append(e.report.MissingNearest, near)
			}
		}
	}
	return nil
}

// wanted reports whether a collection is to be in the copy.
func (e *exporter) wanted(key string) bool {
	return len(e.o.Collections) == 0 || slices.Contains(e.o.Collections, key)
}

// build puts the copy together, field by field in the order of the original.
func (e *exporter) build() (*wire.Rope, error) {
	// The list of unbound inputs is a collection of its own, and known when the graph has been walked.
	last := -1
	for i, f := range e.m.Fields {
		if f.Num <= wire.CollectionDef {
			last = i
		}
	}
	var b wire.Builder
	collections := lastEntries(e.m, wire.CollectionDef)
	signatures := lastEntries(e.m, wire.SignatureDef)
	e.findAssets()
	for i, f := range e.m.Fields {
		var err error
		switch {
		case f.Is(wire.MetaInfoDef):
			err = e.metaInfo(&b, f)
		case f.Is(wire.GraphDef):
			err = e.graph(&b, f)
		case f.Is(wire.SaverDef):
			e.saverField(&b, f)
		case f.Is(wire.CollectionDef):
			if collections[i] {
				err = e.collection(&b, f)
			}
		case f.Is(wire.SignatureDef):
			if signatures[i] {
				err = e.signature(&b, f)
			}
		case f.Is(wire.AssetFileDef):
			err = e.asset(&b, f)
		case f.Is(wire.ObjectGraphDef):
			err = e.objects(&b, f)
		default:
			b.Field(f)
		}
		if err != nil {
			return nil, err
		}
		if i == last {
			e.unbound(&b)
		}
	}
	if e.strip != nil {
		if _, ok := e.m.Message(wire.MetaInfoDef); !ok {
			b.Message(wire.MetaInfoDef, func() { b.Varint(wire.InfoStrippedDefaults, 1) })
		}
	}
	return b.Build(), nil
}

// lastEntries returns which fields of a map count: of those with the same key the last. The others are passed over.
func lastEntries(m *wire.MetaGraph, num protowire.Number) map[int]bool {
	at := make(map[string]int)
	for i := range m.Fields {
		if f := &m.Fields[i]; f.Is(num) {
			key, _ := wire.MapEntry(f.Data)
			at[string(key)] = i
		}
	}
	out := make(map[int]bool, len(at))
	for _, i := range at {
		out[i] = true
	}
	return out
}

// metaInfo appends the MetaInfoDef, its op list cut to what is used.
func (e *exporter) metaInfo(b *wire.Builder, f wire.Field) error {
	if e.used == nil && e.strip == nil {
		b.Field(f)
		return nil
	}
	var inner wire.Builder
	s := wire.Scan(f.Data)
	for s.Next() {
		switch {
		case s.Is(wire.InfoStrippedOpList) && e.used != nil:
			gone, err := cutOpList(&inner, s.Field, e.used)
			if err != nil {
				return err
			}
			e.report.OpsDropped += gone
		case s.Num == wire.InfoStrippedDefaults && s.Type == protowire.VarintType && e.strip != nil:
			// It is set below.
		default:
			inner.Window(s.Raw)
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if e.strip != nil {
		inner.Varint(wire.InfoStrippedDefaults, 1)
	} else if e.report.OpsDropped == 0 {
		b.Field(f)
		return nil
	}
	b.Message(f.Num, func() { b.Append(inner.Build()) })
	return nil
}

// graph appends the GraphDef.
func (e *exporter) graph(b *wire.Builder, f wire.Field) error {
	if e.plan.Nothing() && !e.o.ClearDevices && e.strip == nil {
		n := 0
		for s := wire.Scan(f.Data); s.Next(); {
			if s.Is(wire.GraphNode) {
				n++
			}
		}
		e.report.Nodes, e.report.OfNodes = n, n
		b.Field(f)
		return nil
	}
	err := graph(b, f, e.pass)
	e.report.Nodes, e.report.OfNodes = e.pass.Kept, e.pass.Nodes
	e.report.Cleared, e.report.Attrs = e.pass.Cleared, e.pass.Dropped
	e.report.UnboundInputs = e.pass.Unbound
	return err
}

// graph appends a GraphDef as a pass has it.
func graph(b *wire.Builder, f wire.Field, pass *scope.Pass) error {
	var err error
	debugInfo := false
	b.Message(f.Num, func() {
		err = pass.Graph(b, f.Data, func(other wire.Field) error {
			switch {
			case other.Is(wire.GraphLibrary):
				return functions(b, other, pass)
			case other.Is(wire.GraphDebugInfo) && !pass.Plan.Nothing():
				if debugInfo {
					return nil // it is one message, wherever its parts stand
				}
				debugInfo = true
				whole, _ := wire.Merged(f.Data, wire.GraphDebugInfo)
				info, err := pass.Plan.DebugInfo(nil, whole)
				b.Bytes(other.Num, info)
				return err
			}
			b.Window(other.Raw)
			return nil
		})
	})
	return err
}

// functions appends a function library, whose nodes are the pass's business where it clears devices or drops attrs.
func functions(b *wire.Builder, f wire.Field, pass *scope.Pass) error {
	if !pass.ClearDevices && pass.DropAttr == nil {
		b.Window(f.Raw)
		return nil
	}
	before := pass.Cleared + pass.Dropped
	var inner wire.Builder
	s := wire.Scan(f.Data)
	for s.Next() {
		if !s.Is(wire.LibraryFunction) {
			inner.Window(s.Raw)
			continue
		}
		if err := pass.Function(&inner, s.Field); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	if pass.Cleared+pass.Dropped == before {
		b.Window(f.Raw)
	} else {
		b.Message(f.Num, func() { b.Append(inner.Build()) })
	}
	return nil
}

// saverField appends the SaverDef, where it stays.
func (e *exporter) saverField(b *wire.Builder, f wire.Field) {
	switch {
	case e.report.Saver != "kept":
	case e.plan.Nothing():
		b.Field(f)
	default:
		b.Bytes(f.Num, e.saver)
	}
}

// collection appends a collection, where anything of it stays.
func (e *exporter) collection(b *wire.Builder, f wire.Field) error {
	raw, value := wire.MapEntry(f.Data)
	key := string(raw)
	if !e.wanted(key) || e.o.Scope != "" && key == e.o.UnboundInputs {
		if key != e.o.UnboundInputs {
			e.report.Dropped = append(e.report.Dropped, key)
		}
		return nil
	}
	if key == "savers" && e.savers != nil {
		if e.report.Saver == "kept" {
			writeCollection(b, key, scope.BytesList, appendValue(nil, e.saver))
			e.report.Collections = append(e.report.Collections, key)
		} else {
			e.report.Dropped = append(e.report.Dropped, key)
		}
		return nil
	}
	t, _ := e.o.Registry.Lookup(key)
	change, err := e.plan.Collection(value, t)
	if err != nil {
		return err
	}
	if change.Gone > 0 && change.Kept == 0 {
		e.report.Dropped = append(e.report.Dropped, key)
		return nil
	}
	e.report.Entries += change.Gone
	e.report.Torn += change.Torn
	e.report.Collections = append(e.report.Collections, key)
	if change.Same {
		b.Field(f)
	} else {
		writeCollection(b, key, change.Kind, change.List)
	}
	return nil
}

// unbound appends the collection that lists the unbound inputs.
func (e *exporter) unbound(b *wire.Builder) {
	key := e.o.UnboundInputs
	if key == "" || len(e.pass.Unbound) == 0 || !e.wanted(key) {
		return
	}
	var list []byte
	for _, input := range e.pass.Unbound {
		list = appendValue(list, []byte(input))
	}
	writeCollection(b, key, scope.BytesList, list)
	e.report.UnboundListed = true
	e.report.Collections = append(e.report.Collections, key)
}

// appendValue appends an entry to a list of a CollectionDef.
func appendValue(list, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(list, 1, protowire.BytesType), value)
}

// writeCollection appends a collection of a MetaGraphDef. Of kind 0, it is one that holds no list.
func writeCollection(b *wire.Builder, key string, kind protowire.Number, lists ...[]byte) {
	b.Message(wire.CollectionDef, func() {
		b.String(1, key)
		b.Message(2, func() {
			if kind == 0 {
				return
			}
			b.Message(kind, func() {
				for _, list := range lists {
					b.Window(list)
				}
			})
		})
	})
}

// signature appends a signature, where all its tensors stay.
func (e *exporter) signature(b *wire.Builder, f wire.Field) error {
	if e.plan.Nothing() {
		b.Field(f)
		return nil
	}
	key, value := wire.MapEntry(f.Data)
	changed, keep, err := e.o.Registry.Signature(e.plan, value)
	if err != nil {
		return fmt.Errorf("signature %q: %w", key, err)
	}
	if !keep {
		e.report.Signatures = append(e.report.Signatures, string(key))
		return nil
	}
	writeEntry(b, f.Num, key, changed)
	return nil
}

// writeEntry appends an entry of a map from strings to messages.
func writeEntry(b *wire.Builder, num protowire.Number, key, value []byte) {
	b.Message(num, func() {
		b.Bytes(1, key)
		b.Bytes(2, value)
	})
}

// findAssets finds which assets stay.
func (e *exporter) findAssets() {
	for _, f := range e.m.Fields {
		if f.Is(wire.AssetFileDef) {
			_, keep, err := e.o.Registry.Asset(e.plan, f.Data)
			e.assets = append(e.assets, keep && err == nil)
		}
	}
}

// asset appends an asset, where its tensor stays.
func (e *exporter) asset(b *wire.Builder, f wire.Field) error {
	if e.plan.Nothing() {
		b.Field(f)
		return nil
	}
	changed, keep, err := e.o.Registry.Asset(e.plan, f.Data)
	if err != nil {
		return fmt.Errorf("asset_file_def: %w", err)
	}
	if keep {
		b.Bytes(f.Num, changed)
	} else {
		e.report.Assets++
	}
	return nil
}

// objects appends the object graph, where all the nodes and assets that it is about stay.
func (e *exporter) objects(b *wire.Builder, f wire.Field) error {
	if e.plan.Nothing() {
		b.Field(f)
		return nil
	}
	changed, keep, err := e.o.Registry.Objects(e.plan, f.Data)
	if err != nil {
		return fmt.Errorf("object_graph_def: %w", err)
	}
	if keep && !slices.Contains(e.assets, false) {
		b.Bytes(f.Num, changed)
	} else {
		e.report.Objects = true
	}
	return nil
}

// finish puts the report in order.
func (r *ExportReport) finish() {
	for _, names := range []*[]string{&r.Collections, &r.Dropped, &r.Signatures} {
		slices.Sort(*names)
	}
	for _, names := range []*[]string{&r.UnboundInputs, &r.Collections, &r.Dropped, &r.Missing, &r.MissingNearest, &r.Savers, &r.Undefined, &r.Signatures} {
		if *names == nil {
			*names = []string{}
		}
	}
}
