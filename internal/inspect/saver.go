package inspect

import (
	"fmt"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// SaverList holds the savers that a file describes.
type SaverList struct {
	Saver  *Saver  `json:"saver"`  // saver_def, or nil if it is missing
	Savers []Saver `json:"savers"` // the collection "savers", in file order
}

// A Saver is one SaverDef (tensorflow/core/protobuf/saver.proto).
type Saver struct {
	FilenameTensor          string  `json:"filename_tensor_name"`
	SaveTensor              string  `json:"save_tensor_name"`
	RestoreOp               string  `json:"restore_op_name"`
	MaxToKeep               int32   `json:"max_to_keep"`
	Sharded                 bool    `json:"sharded"`
	KeepCheckpointEveryHour float32 `json:"keep_checkpoint_every_n_hours"`
	Version                 string  `json:"version"` // checkpoint format: LEGACY, V1 or V2
}

// Savers returns the savers of a file. The error names the part that cannot be read.
func Savers(m *wire.MetaGraph) (*SaverList, error) {
	l := &SaverList{Savers: []Saver{}}
	if raw, ok := m.Message(fieldnum.MetaGraphDef_SaverDef); ok {
		s, err := parseSaver(raw)
		if err != nil {
			return nil, fmt.Errorf("read saver_def: %w", err)
		}
		l.Saver = &s
	}
	collection, ok := m.Collection(scope.SaversKey)
	if !ok {
		return l, nil
	}
	for entry := range scope.Entries(collection, fieldnum.CollectionDef_BytesList) {
		saver, err := parseSaver(entry)
		if err != nil {
			return nil, fmt.Errorf("read collection %q: %w", scope.SaversKey, err)
		}
		l.Savers = append(l.Savers, saver)
	}
	return l, nil
}

func parseSaver(raw []byte) (Saver, error) {
	var def tfpb.SaverDef
	if err := schema.Unmarshal(raw, &def); err != nil {
		return Saver{}, err
	}
	return Saver{
		FilenameTensor:          def.GetFilenameTensorName(),
		SaveTensor:              def.GetSaveTensorName(),
		RestoreOp:               def.GetRestoreOpName(),
		MaxToKeep:               def.GetMaxToKeep(),
		Sharded:                 def.GetSharded(),
		KeepCheckpointEveryHour: def.GetKeepCheckpointEveryNHours(),
		Version:                 def.GetVersion().String(),
	}, nil
}
