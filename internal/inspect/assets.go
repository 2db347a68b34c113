package inspect

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/metagraph/metagraph/internal/inspect/model"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// The collections in which releases before asset_file_def listed assets (tensorflow/python/saved_model/constants.py and
// tf.compat.v1.GraphKeys.ASSET_FILEPATHS).
const (
	assetsKey         = "saved_model_assets"
	assetFilepathsKey = "asset_filepaths"
)

// An Asset is a file that the graph reads when it is initialized, such as a vocabulary.
type Asset struct {
	Filename string   `json:"filename"` // below assets/ of the SavedModel; empty where only the tensor is known
	Tensor   string   `json:"tensor"`   // name:k, which is fed with the path
	Sources  []string `json:"sources"`  // where it is listed: "asset_file_def", or the key of a collection
}

// Assets returns the assets of a file in the order in which they stand there, those of asset_file_def first. One that is listed several times is one.
// The error says what is not readable.
func Assets(m *wire.MetaGraph) ([]Asset, error) {
	l := assetList{all: []Asset{}, at: make(map[string]int)}
	for i := range m.Fields {
		if field := &m.Fields[i]; field.Is(wire.AssetFileDef) {
			var def tfpb.AssetFileDef
			if err := proto.Unmarshal(field.Data, &def); err != nil {
				return nil, fmt.Errorf("read asset_file_def: %w", err)
			}
			l.add(def.GetFilename(), def.GetTensorInfo().GetName(), "asset_file_def")
		}
	}
	registry := scope.NewRegistry()
	for _, key := range []string{assetsKey, assetFilepathsKey} {
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
	return l.all, nil
}

// An assetList puts together what is said of one asset in several places.
type assetList struct {
	all []Asset
	at  map[string]int // by tensor
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
