package diff

import (
	"bytes"
	"strconv"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/wire"
)

// versions holds the fields of the part "versions".
type versions struct {
	info  *tfpb.MetaGraphDef_MetaInfoDef // only its version fields
	graph *tfpb.VersionDef
	old   int32 // GraphDef.version, which VersionDef replaced
}

// compareVersions compares the versions of the graph and of TensorFlow.
func (c *comparison) compareVersions() error {
	p := &Part{A: 1, B: 1}
	c.report.Versions = p
	var v [2]versions
	for i, m := range []*wire.MetaGraph{c.a, c.b} {
		graph := c.graphs[i]
		v[i].graph, v[i].info = new(tfpb.VersionDef), new(tfpb.MetaGraphDef_MetaInfoDef)
		if schema.Unmarshal(graph.versions, v[i].graph) != nil && !bytes.Equal(c.graphs[0].versions, c.graphs[1].versions) {
			p.Fields = []Field{changed("versions", bytesText(c.graphs[0].versions), bytesText(c.graphs[1].versions))}
		}
		v[i].old = graph.old
		if c.report.Compared == "graph" {
			continue
		}
		info, _ := m.Message(fieldnum.MetaGraphDef_MetaInfoDef)
		v[i].info.TensorflowVersion = string(wire.Last(info, fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion))
		v[i].info.TensorflowGitVersion = string(wire.Last(info, fieldnum.MetaGraphDef_MetaInfoDef_TensorflowGitVersion))
		v[i].info.MetaGraphVersion = string(wire.Last(info, fieldnum.MetaGraphDef_MetaInfoDef_MetaGraphVersion))
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

// compareInfo compares the other fields of MetaInfoDef: tags, stripped_default_attrs, function aliases, any_info.
func (c *comparison) compareInfo() error {
	p := &Part{A: 1, B: 1}
	c.report.Info = p
	var infos [2]*tfpb.MetaGraphDef_MetaInfoDef
	var raw [2][]byte
	for i, m := range []*wire.MetaGraph{c.a, c.b} {
		info, _ := m.Message(fieldnum.MetaGraphDef_MetaInfoDef)
		raw[i] = unknownFields(info, messageFields(
			fieldnum.MetaGraphDef_MetaInfoDef_StrippedOpList, fieldnum.MetaGraphDef_MetaInfoDef_TensorflowVersion,
			fieldnum.MetaGraphDef_MetaInfoDef_TensorflowGitVersion, fieldnum.MetaGraphDef_MetaInfoDef_MetaGraphVersion))
		infos[i] = new(tfpb.MetaGraphDef_MetaInfoDef)
		if schema.Unmarshal(raw[i], infos[i]) != nil {
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
