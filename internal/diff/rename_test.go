package diff

import (
	"strings"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// renameNames renames nodes everywhere a node name can occur, except in function bodies.
func renameNames(m *tfpb.MetaGraphDef, rename func(string) string) {
	tensor := func(name string) string {
		head, rest := "", name
		if strings.HasPrefix(rest, "^") {
			head, rest = "^", rest[1:]
		}
		node, port, ok := strings.Cut(rest, ":")
		if ok {
			port = ":" + port
		}
		return head + rename(node) + port
	}
	for _, n := range m.GetGraphDef().GetNode() {
		n.Name = rename(n.Name)
		for i, in := range n.Input {
			n.Input[i] = tensor(in)
		}
		if groups := n.Attr["_class"].GetList().GetS(); len(groups) > 0 {
			for i, g := range groups {
				if of, ok := strings.CutPrefix(string(g), "loc:@"); ok {
					groups[i] = []byte("loc:@" + rename(of))
				}
			}
		}
	}
	each := func(list ...*string) {
		for _, s := range list {
			*s = tensor(*s)
		}
	}
	saver := func(s *tfpb.SaverDef) {
		if s != nil {
			each(&s.FilenameTensorName, &s.SaveTensorName, &s.RestoreOpName)
		}
	}
	saver(m.SaverDef)
	for key, c := range m.CollectionDef {
		for i, v := range c.GetNodeList().GetValue() {
			c.GetNodeList().Value[i] = tensor(v)
		}
		for i, v := range c.GetBytesList().GetValue() {
			c.GetBytesList().Value[i] = renameEntry(key, v, each, saver)
		}
	}
	for _, s := range m.SignatureDef {
		for _, list := range []map[string]*tfpb.TensorInfo{s.Inputs, s.Outputs} {
			for _, info := range list {
				if _, ok := info.Encoding.(*tfpb.TensorInfo_Name); ok {
					info.Encoding = &tfpb.TensorInfo_Name{Name: tensor(info.GetName())}
				}
			}
		}
	}
	for _, a := range m.AssetFileDef {
		if a.GetTensorInfo() != nil {
			a.TensorInfo.Encoding = &tfpb.TensorInfo_Name{Name: tensor(a.TensorInfo.GetName())}
		}
	}
}

func renameEntry(key string, v []byte, each func(...*string), saver func(*tfpb.SaverDef)) []byte {
	var entry proto.Message
	values := func(v *tfpb.ValuesDef) {
		if v == nil {
			return
		}
		for i := range v.Values {
			each(&v.Values[i])
		}
		external := make(map[string]string)
		for k, to := range v.ExternalValues {
			each(&k, &to)
			external[k] = to
		}
		v.ExternalValues = external
	}
	var cond func(c *tfpb.CondContextDef)
	var while func(c *tfpb.WhileContextDef)
	nested := func(list []*tfpb.ControlFlowContextDef) {
		for _, n := range list {
			if c := n.GetCondCtxt(); c != nil {
				cond(c)
			}
			if c := n.GetWhileCtxt(); c != nil {
				while(c)
			}
		}
	}
	cond = func(c *tfpb.CondContextDef) {
		each(&c.PredName, &c.PivotName)
		values(c.ValuesDef)
		nested(c.NestedContexts)
	}
	while = func(c *tfpb.WhileContextDef) {
		each(&c.PivotName, &c.PivotForPredName, &c.PivotForBodyName, &c.MaximumIterationsName)
		for i := range c.LoopExitNames {
			each(&c.LoopExitNames[i])
		}
		for i := range c.LoopEnterNames {
			each(&c.LoopEnterNames[i])
		}
		values(c.ValuesDef)
		nested(c.NestedContexts)
	}
	switch key {
	case "variables", "trainable_variables", "local_variables", "model_variables", "metric_variables", "moving_average_variables", "global_step":
		d := new(tfpb.VariableDef)
		if proto.Unmarshal(v, d) != nil {
			return v
		}
		each(&d.VariableName, &d.InitialValueName, &d.InitializerName, &d.SnapshotName)
		entry = d
	case "savers":
		d := new(tfpb.SaverDef)
		if proto.Unmarshal(v, d) != nil {
			return v
		}
		saver(d)
		entry = d
	case "queue_runners":
		d := new(tfpb.QueueRunnerDef)
		if proto.Unmarshal(v, d) != nil {
			return v
		}
		each(&d.QueueName, &d.CloseOpName, &d.CancelOpName)
		for i := range d.EnqueueOpName {
			each(&d.EnqueueOpName[i])
		}
		entry = d
	case "cond_context":
		d := new(tfpb.CondContextDef)
		if proto.Unmarshal(v, d) != nil {
			return v
		}
		cond(d)
		entry = d
	case "while_context":
		d := new(tfpb.WhileContextDef)
		if proto.Unmarshal(v, d) != nil {
			return v
		}
		while(d)
		entry = d
	default:
		return v
	}
	out, _ := proto.Marshal(entry)
	return out
}
