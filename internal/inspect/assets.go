package inspect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/inspect/model"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// An Asset is a file that the graph reads during initialization, such as a vocabulary.
type Asset struct {
	Filename string   `json:"filename"`       // relative to assets/ in the SavedModel; empty if only the tensor is known
	Tensor   string   `json:"tensor"`         // name:k of the tensor that is fed with the path
	Sources  []string `json:"sources"`        // where it is listed: "asset_file_def", the key of a collection, or "graph" if only a table initializer reads it
	Path     string   `json:"path,omitempty"` // the path the graph reads if no file is listed; it is outside the SavedModel
}

// Assets returns the assets of a file in file order, those of asset_file_def first. An asset that is listed several
// times is returned once. The error names the part that cannot be read.
func Assets(m *model.Model) ([]Asset, error) {
	l := assetList{all: []Asset{}, at: make(map[string]int)}
	for raw := range m.Meta.All(fieldnum.MetaGraphDef_AssetFileDef) {
		var def tfpb.AssetFileDef
		if err := schema.Unmarshal(raw, &def); err != nil {
			return nil, fmt.Errorf("read asset_file_def: %w", err)
		}
		l.add(def.GetFilename(), def.GetTensorInfo().GetName(), "asset_file_def")
	}
	reader := collectionReader{registry: scope.NewRegistry()}
	for _, key := range []string{scope.AssetsKey, scope.AssetFilepathsKey} {
		raw, ok := m.Meta.Collection(key)
		if !ok {
			continue
		}
		c, err := reader.collection(key, raw)
		if err != nil {
			return nil, fmt.Errorf("read collection %q: %w", key, err)
		}
		for e := range c.Entries {
			switch def, _ := e.Message.(*tfpb.AssetFileDef); {
			case def != nil:
				l.add(def.GetFilename(), def.GetTensorInfo().GetName(), key)
			case c.Kind == scope.NodeList:
				l.add("", e.Text, key)
			}
		}
	}
	g, err := m.Graph()
	if err != nil {
		return nil, err
	}
	l.findTableFiles(g)
	l.findPaths(g)
	return l.all, nil
}

// findTableFiles adds the constants from which table initializers read the names of files, in file order.
func (l *assetList) findTableFiles(g *graph.Graph) {
	reads := make([]bool, len(g.Ops()))
	for id, op := range g.Ops() {
		reads[id] = strings.HasPrefix(op, "InitializeTableFromTextFile")
	}
	if !slices.Contains(reads, true) {
		return
	}
	var files []int32
	for i := range g.Len() {
		if in := g.Inputs(i); reads[g.Op(i)] && len(in) > 1 && in[1].Node != graph.Dangling {
			files = append(files, in[1].Node)
		}
	}
	slices.Sort(files)
	for _, i := range files {
		tensor := g.TensorName(graph.Edge{Node: i})
		if _, listed := l.at[tensor]; !listed && g.OpName(g.Op(int(i))) == "Const" {
			l.add("", tensor, "graph")
		}
	}
}

// findPaths sets the path of each asset without a file to the constant in the graph.
func (l *assetList) findPaths(g *graph.Graph) {
	var n wire.Node
	for k := range l.all {
		a := &l.all[k]
		i, found := g.Find([]byte(wire.NodeOf(a.Tensor)))
		if a.Filename != "" || !found || g.OpName(g.Op(i)) != "Const" {
			continue
		}
		g.Node(i, &n)
		if value, ok := tensor.AttrTensor(&n); ok {
			a.Path = string(wire.Last(value, fieldnum.TensorProto_StringVal))
		}
	}
}

// An assetList merges what several places record about one asset.
type assetList struct {
	all []Asset
	at  map[string]int // index by tensor
}

func (l *assetList) add(filename, tensor, source string) {
	i, known := l.at[tensor]
	if !known {
		i = len(l.all)
		l.at[tensor] = i
		l.all = append(l.all, Asset{Tensor: tensor})
	}
	if l.all[i].Filename == "" {
		l.all[i].Filename = filename
	}
	l.all[i].Sources = append(l.all[i].Sources, source)
}
