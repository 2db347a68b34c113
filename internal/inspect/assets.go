package inspect

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect/model"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
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
func Assets(m *wire.MetaGraph) ([]Asset, error) {
	l := assetList{all: []Asset{}, at: make(map[string]int)}
	for i := range m.Fields {
		if field := &m.Fields[i]; field.Is(fieldnum.MetaGraphDef_AssetFileDef) {
			var def tfpb.AssetFileDef
			if err := schema.Unmarshal(field.Data, &def); err != nil {
				return nil, fmt.Errorf("read asset_file_def: %w", err)
			}
			l.add(def.GetFilename(), def.GetTensorInfo().GetName(), "asset_file_def")
		}
	}
	registry := scope.NewRegistry()
	for _, key := range []string{scope.AssetsKey, scope.AssetFilepathsKey} {
		raw, ok := m.Collection(key)
		if !ok {
			continue
		}
		c, err := parseCollection(key, raw, registry)
		if err != nil {
			return nil, fmt.Errorf("read collection %q: %w", key, err)
		}
		for _, e := range c.Entries {
			switch def, _ := e.Message.(*tfpb.AssetFileDef); {
			case def != nil:
				l.add(def.GetFilename(), def.GetTensorInfo().GetName(), key)
			case c.Kind == model.NodeList:
				l.add("", e.Text, key)
			}
		}
	}
	if err := l.findTableFiles(m.Graph()); err != nil {
		return nil, err
	}
	return l.all, l.findPaths(m.Graph())
}

// findTableFiles adds the constants from which table initializers read the names of files, in file order.
func (l *assetList) findTableFiles(g wire.Graph) error {
	read := make(map[string]bool)
	for n, err := range g.Nodes() {
		if err != nil {
			return fmt.Errorf("read the graph: %w", err)
		}
		if strings.HasPrefix(string(n.Op), "InitializeTableFromTextFile") && len(n.Inputs) > 1 {
			read[string(wire.ParseInput(n.Inputs[1]).Node)] = true
		}
	}
	if len(read) == 0 {
		return nil
	}
	for n, err := range g.Nodes() {
		if err != nil {
			return fmt.Errorf("read the graph: %w", err)
		}
		tensor := string(n.Name) + ":0"
		if _, listed := l.at[tensor]; !listed && read[string(n.Name)] && string(n.Op) == "Const" {
			l.add("", tensor, "graph")
		}
	}
	return nil
}

// findPaths sets the path of each asset without a file to the constant in the graph.
func (l *assetList) findPaths(g wire.Graph) error {
	missing := make(map[string]*Asset)
	for i := range l.all {
		if a := &l.all[i]; a.Filename == "" {
			node, _, _ := strings.Cut(a.Tensor, ":")
			missing[node] = a
		}
	}
	if len(missing) == 0 {
		return nil
	}
	for n, err := range g.Nodes() {
		if err != nil {
			return fmt.Errorf("read the graph: %w", err)
		}
		a := missing[string(n.Name)]
		if a == nil || string(n.Op) != "Const" {
			continue
		}
		value, _ := n.Attr("value")
		if encoded, ok := wire.AttrBytes(value, fieldnum.AttrValue_Tensor); ok {
			a.Path = string(wire.Last(encoded, fieldnum.TensorProto_StringVal))
		}
	}
	return nil
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
