package diff

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// versions is what the part of that name compares, in one message each.
type versions struct {
	info  *tfpb.MetaGraphDef_MetaInfoDef // its version fields alone
	graph *tfpb.VersionDef
	old   int32 // GraphDef.version of the first files
}

// compareVersions compares the versions of graph and TensorFlow.
func (c *comparison) compareVersions() error {
	p := &Part{A: 1, B: 1}
	c.report.Versions = p
	var v [2]versions
	for i, m := range []*wire.MetaGraph{c.a, c.b} {
		graph := c.graphs[i]
		v[i].graph, v[i].info = new(tfpb.VersionDef), new(tfpb.MetaGraphDef_MetaInfoDef)
		if proto.Unmarshal(graph.versions, v[i].graph) != nil && !bytes.Equal(c.graphs[0].versions, c.graphs[1].versions) {
			p.Fields = []Field{changed("versions", bytesText(c.graphs[0].versions), bytesText(c.graphs[1].versions))}
		}
		v[i].old = graph.old
		if c.report.Compared == "graph" {
			continue
		}
		info, _ := m.Message(wire.MetaInfoDef)
		v[i].info.TensorflowVersion = string(wire.Last(info, wire.InfoTFVersion))
		v[i].info.TensorflowGitVersion = string(wire.Last(info, wire.InfoTFGitVersion))
		v[i].info.MetaGraphVersion = string(wire.Last(info, wire.InfoMetaGraphVersion))
	}
	d := messages{}
	d.plain("", v[0].info.ProtoReflect(), v[1].info.ProtoReflect())
	d.set("bad_consumers", numbers(v[0].graph.GetBadConsumers()), numbers(v[1].graph.GetBadConsumers()))
	v[0].graph.BadConsumers, v[1].graph.BadConsumers = nil, nil
	d.plain("", v[0].graph.ProtoReflect(), v[1].graph.ProtoReflect())
	if v[0].old != v[1].old {
		d.changed("version", strconv.Itoa(int(v[0].old)), strconv.Itoa(int(v[1].old)))
	}
	p.Fields = append(p.Fields, d.fields...)
	return nil
}

func numbers(list []int32) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = strconv.Itoa(int(n))
	}
	return out
}

// compareInfo compares what else a MetaInfoDef holds: tags, stripped_default_attrs, function aliases, any_info.
func (c *comparison) compareInfo() error {
	p := &Part{A: 1, B: 1}
	c.report.Info = p
	var infos [2]*tfpb.MetaGraphDef_MetaInfoDef
	var raw [2][]byte
	for i, m := range []*wire.MetaGraph{c.a, c.b} {
		info, _ := m.Message(wire.MetaInfoDef)
		raw[i] = unknownFields(info, messageFields(wire.InfoStrippedOpList, wire.InfoTFVersion, wire.InfoTFGitVersion, wire.InfoMetaGraphVersion))
		infos[i] = new(tfpb.MetaGraphDef_MetaInfoDef)
		if proto.Unmarshal(raw[i], infos[i]) != nil {
			infos[i] = nil
		}
	}
	if bytes.Equal(raw[0], raw[1]) {
		return nil
	}
	if infos[0] == nil || infos[1] == nil {
		p.Fields = append(p.Fields, changed("meta_info_def", bytesText(raw[0]), bytesText(raw[1])))
		return nil
	}
	d := messages{renames: c.renames}
	d.set("tags", infos[0].GetTags(), infos[1].GetTags())
	infos[0].Tags, infos[1].Tags = nil, nil
	d.plain("", infos[0].ProtoReflect(), infos[1].ProtoReflect())
	p.Fields = d.fields
	return nil
}

// compareOps compares the op lists, op by op.
func (c *comparison) compareOps() error {
	a, b := c.ops.lists[0], c.ops.lists[1]
	p := &Part{A: len(a), B: len(b)}
	c.report.Ops = p
	for _, name := range keysOf(a, b) {
		if !c.sel.name(name) {
			continue
		}
		x, inA := a[name]
		y, inB := b[name]
		switch {
		case !inA:
			p.Added = append(p.Added, Change{Name: name})
		case !inB:
			p.Removed = append(p.Removed, Change{Name: name})
		default:
			fields := decode(x, new(tfpb.OpDef)).compare(decode(y, new(tfpb.OpDef)), nil)
			if len(fields) > 0 {
				p.Changed = append(p.Changed, Change{Name: name, Fields: c.opFields(x, y, fields)})
			}
		}
	}
	return nil
}

// opFields names the attrs and arguments of an op in the fields by which two definitions differ, where they have the same.
func (c *comparison) opFields(a, b []byte, fields []Field) []Field {
	x, y := new(tfpb.OpDef), new(tfpb.OpDef)
	if proto.Unmarshal(a, x) != nil || proto.Unmarshal(b, y) != nil {
		return fields
	}
	d := messages{}
	d.named("attr", x.GetAttr(), y.GetAttr())
	if d.fields == nil {
		return fields
	}
	out := make([]Field, 0, len(fields))
	for _, f := range fields {
		if !strings.HasPrefix(f.Field, "attr[") {
			out = append(out, f)
		}
	}
	return append(out, d.fields...)
}

// named compares attr definitions by name. It tells nothing where only their order differs.
func (d *messages) named(path string, a, b []*tfpb.OpDef_AttrDef) {
	inA, inB := make(map[string]protoreflect.Message), make(map[string]protoreflect.Message)
	for _, m := range a {
		inA[m.GetName()] = m.ProtoReflect()
	}
	for _, m := range b {
		inB[m.GetName()] = m.ProtoReflect()
	}
	for _, name := range keysOf(inA, inB) {
		x, y := inA[name], inB[name]
		at := join(path, quote(name))
		switch {
		case x == nil:
			d.added(at, describe(y))
		case y == nil:
			d.removed(at, describe(x))
		default:
			d.plain(at, x, y)
		}
	}
}

// compareSaver compares the SaverDef.
func (c *comparison) compareSaver() error {
	a, inA := c.a.Message(wire.SaverDef)
	b, inB := c.b.Message(wire.SaverDef)
	p := &Part{A: count(inA), B: count(inB)}
	c.report.Saver = p
	if c.sel.named() {
		return nil
	}
	x, y := decode(a, new(tfpb.SaverDef)), decode(b, new(tfpb.SaverDef))
	switch {
	case inA && inB:
		p.Fields = x.compare(y, c.renames)
	case inA:
		p.Removed = []Change{{Name: "saver_def", Value: x.text()}}
	case inB:
		p.Added = []Change{{Name: "saver_def", Value: y.text()}}
	}
	return nil
}

func count(there bool) int {
	if there {
		return 1
	}
	return 0
}

// compareSignatures compares the signatures by key.
func (c *comparison) compareSignatures() error {
	a, b := fieldMap(c.a, wire.SignatureDef), fieldMap(c.b, wire.SignatureDef)
	p := &Part{A: len(a), B: len(b)}
	c.report.Signatures = p
	for _, key := range keysOf(a, b) {
		if !c.sel.name(key) {
			continue
		}
		x, inA := a[key]
		y, inB := b[key]
		switch {
		case !inA:
			p.Added = append(p.Added, Change{Name: key, Value: signatureText(y)})
		case !inB:
			p.Removed = append(p.Removed, Change{Name: key, Value: signatureText(x)})
		default:
			if fields := decode(x, new(tfpb.SignatureDef)).compare(decode(y, new(tfpb.SignatureDef)), c.renames); len(fields) > 0 {
				p.Changed = append(p.Changed, Change{Name: key, Fields: fields})
			}
		}
	}
	return nil
}

// signatureText returns a signature in short.
func signatureText(raw []byte) string {
	s := new(tfpb.SignatureDef)
	if proto.Unmarshal(raw, s) != nil {
		return bytesText(raw)
	}
	return fmt.Sprintf("%s, inputs: %d, outputs: %d", quote(s.GetMethodName()), len(s.GetInputs()), len(s.GetOutputs()))
}

// compareAssets compares the assets. Their order means nothing: each says which tensor gets its file's name.
func (c *comparison) compareAssets() error {
	a, b := assetList(c.a), assetList(c.b)
	p := &Part{A: len(a), B: len(b)}
	c.report.Assets = p
	partner, taken := c.matchAssets(a, b)
	for i, x := range a {
		if partner[i] >= 0 {
			c.asset(p, x, b[partner[i]])
		} else if name := assetName(x); c.sel.name(name) {
			p.Removed = append(p.Removed, Change{Name: name, Value: x.text()})
		}
	}
	for j, y := range b {
		if name := assetName(y); !taken[j] && c.sel.name(name) {
			p.Added = append(p.Added, Change{Name: name, Value: y.text()})
		}
	}
	return nil
}

// matchAssets pairs the assets of both sides: those of one file and tensor first, then those of one tensor, then those of one
// file. It returns the number of each partner in b, -1 for none, and which of b have one.
func (c *comparison) matchAssets(a, b []*message) (partner []int, taken []bool) {
	partner, taken = make([]int, len(a)), make([]bool, len(b))
	for i := range partner {
		partner[i] = -1
	}
	keys := []func(m *message, tensor func(string) string) string{
		func(m *message, tensor func(string) string) string {
			v, ok := m.decoded.(*tfpb.AssetFileDef)
			if !ok {
				return string(m.raw)
			}
			return strconv.Quote(v.GetFilename()) + tensor(v.GetTensorInfo().GetName())
		},
		func(m *message, tensor func(string) string) string {
			v, _ := m.decoded.(*tfpb.AssetFileDef)
			return tensor(v.GetTensorInfo().GetName())
		},
		func(m *message, _ func(string) string) string {
			v, _ := m.decoded.(*tfpb.AssetFileDef)
			return v.GetFilename()
		},
	}
	same := func(name string) string { return name }
	for n, key := range keys {
		free := make(map[string][]int)
		for j, y := range b {
			if _, ok := y.decoded.(*tfpb.AssetFileDef); !taken[j] && (ok || n == 0) {
				k := key(y, same)
				free[k] = append(free[k], j)
			}
		}
		for i, x := range a {
			if _, ok := x.decoded.(*tfpb.AssetFileDef); partner[i] >= 0 || !ok && n > 0 {
				continue
			}
			for _, k := range []string{key(x, same), key(x, c.renames.translate)} {
				if list := free[k]; len(list) > 0 {
					partner[i], taken[list[0]], free[k] = list[0], true, list[1:]
					break
				}
			}
		}
	}
	return partner, taken
}

func (c *comparison) asset(p *Part, x, y *message) {
	if fields := x.compare(y, c.renames); len(fields) > 0 && c.sel.name(assetName(x), assetName(y)) {
		p.Changed = append(p.Changed, Change{Name: assetName(x), Fields: fields})
	}
}

func assetList(m *wire.MetaGraph) []*message {
	var out []*message
	for _, f := range m.Fields {
		if f.Is(wire.AssetFileDef) {
			out = append(out, decode(f.Data, new(tfpb.AssetFileDef)))
		}
	}
	return out
}

// assetName returns what an asset is called: its file's name.
func assetName(m *message) string {
	if a, ok := m.decoded.(*tfpb.AssetFileDef); ok {
		return quote(a.GetFilename())
	}
	return bytesText(m.raw)
}

// compareObjectGraph compares the object graph of a SavedModel.
func (c *comparison) compareObjectGraph() error {
	a, _ := c.a.Message(wire.ObjectGraphDef)
	b, _ := c.b.Message(wire.ObjectGraphDef)
	c.report.ObjectGraph = c.single(a, b, new(tfpb.SavedObjectGraph), new(tfpb.SavedObjectGraph), func(m proto.Message) int {
		return len(m.(*tfpb.SavedObjectGraph).GetNodes())
	})
	return nil
}

// compareDebugInfo compares where in the source code the nodes were made.
func (c *comparison) compareDebugInfo() error {
	c.report.DebugInfo = c.single(c.graphs[0].debugInfo, c.graphs[1].debugInfo, new(tfpb.GraphDebugInfo), new(tfpb.GraphDebugInfo), func(m proto.Message) int {
		return len(m.(*tfpb.GraphDebugInfo).GetTraces()) + len(m.(*tfpb.GraphDebugInfo).GetNameToTraceId())
	})
	return nil
}

// single compares two messages that are a part of their own. size counts what is in one.
func (c *comparison) single(a, b []byte, x, y proto.Message, size func(proto.Message) int) *Part {
	p := new(Part)
	if bytes.Equal(a, b) {
		return p
	}
	m, n := decode(a, x), decode(b, y)
	if m.decoded != nil {
		p.A = size(x)
	}
	if n.decoded != nil {
		p.B = size(y)
	}
	p.Fields = m.compare(n, c.renames)
	return p
}
