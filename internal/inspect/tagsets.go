package inspect

import (
	"fmt"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A TagSet describes one MetaGraphDef of a SavedModel.
type TagSet struct {
	Tags       []string `json:"tags"` // in file order
	Nodes      int      `json:"nodes"`
	Signatures []string `json:"signatures"` // signature keys, in file order
}

// TagSets describes the MetaGraphDefs of a SavedModel, in file order. The error wraps a *wire.SyntaxError.
func TagSets(metas []*wire.MetaGraph) ([]TagSet, error) {
	sets := []TagSet{}
	for _, m := range metas {
		set := TagSet{Tags: m.Tags(), Signatures: []string{}}
		s := wire.Scan(m.Graph())
		for s.Next() {
			if s.Is(fieldnum.GraphDef_Node) {
				set.Nodes++
			}
		}
		if err := s.Err(); err != nil {
			return nil, fmt.Errorf("read the tag-sets: %w", err)
		}
		for key := range m.Entries(fieldnum.MetaGraphDef_SignatureDef) {
			set.Signatures = append(set.Signatures, string(key))
		}
		sets = append(sets, set)
	}
	return sets, nil
}
