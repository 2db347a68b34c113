package diff

import (
	"bytes"
	"errors"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// compareVersions compares the versions of the graphs and, if meta is true, those in MetaInfoDef.
func (c *comparison) compareVersions(meta bool) *Part {
	a, b := c.graphs[0], c.graphs[1]
	x, y := new(tfpb.VersionDef), new(tfpb.VersionDef)
	unreadable := errors.Join(schema.Unmarshal(a.versions, x), schema.Unmarshal(b.versions, y)) != nil
	d := messages{}
	if unreadable && !bytes.Equal(a.versions, b.versions) {
		d.changed("versions", bytesText(a.versions), bytesText(b.versions))
	}
	if meta {
		d.plain("", metaVersions(c.a), metaVersions(c.b))
	}
	d.set("bad_consumers", numbers(x.GetBadConsumers()), numbers(y.GetBadConsumers()))
	x.BadConsumers, y.BadConsumers = nil, nil
	d.plain("", x.ProtoReflect(), y.ProtoReflect())
	if a.old != b.old {
		d.changed("version", strconv.Itoa(int(a.old)), strconv.Itoa(int(b.old)))
	}
	return &Part{A: 1, B: 1, Fields: d.fields}
}

func numbers(list []int32) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = strconv.Itoa(int(n))
	}
	return out
}

// metaVersions returns the fields of MetaInfoDef that are versions.
func metaVersions(m *wire.MetaGraph) protoreflect.Message {
	info, _ := m.Message(fieldnum.MetaGraphDef_MetaInfoDef)
	return (&tfpb.MetaGraphDef_MetaInfoDef{
		TensorflowVersion:    string(wire.Last(info, fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion)),
		TensorflowGitVersion: string(wire.Last(info, fieldnum.MetaGraphDef_MetaInfoDef_TensorflowGitVersion)),
		MetaGraphVersion:     string(wire.Last(info, fieldnum.MetaGraphDef_MetaInfoDef_MetaGraphVersion)),
	}).ProtoReflect()
}

// compareInfo compares the other fields of MetaInfoDef: tags, stripped_default_attrs, function aliases, any_info.
func (c *comparison) compareInfo() *Part {
	others := func(m *wire.MetaGraph) *message {
		info, _ := m.Message(fieldnum.MetaGraphDef_MetaInfoDef)
		return decode(unknownFields(info, messageFields(
			fieldnum.MetaGraphDef_MetaInfoDef_StrippedOpList, fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion,
			fieldnum.MetaGraphDef_MetaInfoDef_TensorflowGitVersion, fieldnum.MetaGraphDef_MetaInfoDef_MetaGraphVersion)), new(tfpb.MetaGraphDef_MetaInfoDef))
	}
	p := &Part{A: 1, B: 1}
	a, b := others(c.a), others(c.b)
	x, ok := a.decoded.(*tfpb.MetaGraphDef_MetaInfoDef)
	y, also := b.decoded.(*tfpb.MetaGraphDef_MetaInfoDef)
	switch {
	case bytes.Equal(a.raw, b.raw):
	case !ok || !also:
		p.Fields = []Field{changed("meta_info_def", bytesText(a.raw), bytesText(b.raw))}
	default:
		d := messages{renames: c.renames}
		d.set("tags", x.GetTags(), y.GetTags())
		x.Tags, y.Tags = nil, nil
		d.plain("", x.ProtoReflect(), y.ProtoReflect())
		p.Fields = d.fields
	}
	return p
}
