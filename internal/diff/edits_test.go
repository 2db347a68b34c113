package diff

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// An edit makes one change and returns the expected differences, or nil if the file has nothing to change.
type edit func(r *rand.Rand, m *tfpb.MetaGraphDef) []string

func pick[T any](r *rand.Rand, list []T, fits func(T) bool) (T, bool) {
	var good []T
	for _, x := range list {
		if fits(x) {
			good = append(good, x)
		}
	}
	if len(good) == 0 {
		var none T
		return none, false
	}
	return good[r.IntN(len(good))], true
}

func isType(v *tfpb.AttrValue) bool {
	_, ok := v.GetValue().(*tfpb.AttrValue_Type)
	return ok
}

func anyOf[T any](T) bool { return true }

func dataInputs(n *tfpb.NodeDef) int {
	count := 0
	for _, in := range n.Input {
		if in[0] != '^' {
			count++
		}
	}
	return count
}

func or(s, none string) string {
	if s == "" {
		return none
	}
	return s
}

func edits() map[string]edit {
	node := func(r *rand.Rand, m *tfpb.MetaGraphDef, fits func(*tfpb.NodeDef) bool) *tfpb.NodeDef {
		n, _ := pick(r, m.GetGraphDef().GetNode(), fits)
		return n
	}
	return map[string]edit{
		"device": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, anyOf)
			old := n.Device
			n.Device = "/job:other/task:7"
			return []string{fmt.Sprintf("nodes changed %s device: %s -> /job:other/task:7", n.Name, or(old, "none"))}
		},
		"op": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, anyOf)
			old := n.Op
			n.Op = "SomethingElse"
			return []string{fmt.Sprintf("nodes changed %s op: %s -> SomethingElse", n.Name, old)}
		},
		"attr added": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, anyOf)
			if n.Attr == nil {
				n.Attr = make(map[string]*tfpb.AttrValue)
			}
			n.Attr["zero"] = &tfpb.AttrValue{Value: &tfpb.AttrValue_I{}}
			return []string{fmt.Sprintf("nodes changed %s attr:zero: none -> 0", n.Name)}
		},
		"attr removed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, func(n *tfpb.NodeDef) bool { return isType(n.Attr["dtype"]) })
			if n == nil {
				return nil
			}
			old := dtypeName(n.Attr["dtype"].GetType())
			delete(n.Attr, "dtype")
			return []string{fmt.Sprintf("nodes changed %s attr:dtype: %s -> none", n.Name, old)}
		},
		"attr changed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, func(n *tfpb.NodeDef) bool { return isType(n.Attr["T"]) })
			if n == nil {
				return nil
			}
			old := dtypeName(n.Attr["T"].GetType())
			n.Attr["T"].Value = &tfpb.AttrValue_Type{Type: tfpb.DataType_DT_QINT16}
			return []string{fmt.Sprintf("nodes changed %s attr:T: %s -> qint16", n.Name, old)}
		},
		"inputs swapped": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, func(n *tfpb.NodeDef) bool { return dataInputs(n) == 2 && n.Input[0] != n.Input[1] })
			if n == nil {
				return nil
			}
			old := n.Input[0] + ", " + n.Input[1]
			n.Input[0], n.Input[1] = n.Input[1], n.Input[0]
			return []string{fmt.Sprintf("nodes changed %s inputs: %s -> %s, %s", n.Name, old, n.Input[0], n.Input[1])}
		},
		"input changed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, func(n *tfpb.NodeDef) bool { return dataInputs(n) > 0 })
			if n == nil {
				return nil
			}
			old := n.Input[0]
			n.Input[0] = "somewhere/else:3"
			return []string{fmt.Sprintf("nodes changed %s input:0: %s -> somewhere/else:3", n.Name, old)}
		},
		"control input added": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, anyOf)
			n.Input = append(n.Input, "^some_node")
			return []string{fmt.Sprintf("nodes changed %s control_inputs: none -> ^some_node", n.Name)}
		},
		"node added": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := &tfpb.NodeDef{Name: "quite/new", Op: "NoOp", Input: []string{"^" + node(r, m, anyOf).Name}}
			g := m.GraphDef
			g.Node = slices.Insert(g.Node, r.IntN(len(g.Node)+1), n)
			return []string{"nodes added quite/new"}
		},
		"node removed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			g := m.GraphDef
			i := r.IntN(len(g.Node))
			name := g.Node[i].Name
			g.Node = slices.Delete(g.Node, i, i+1)
			return []string{"nodes removed " + name}
		},
		"node renamed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			old := node(r, m, anyOf).Name
			now := old + "_renamed_here"
			renameNames(m, func(name string) string {
				if name == old {
					return now
				}
				return name
			})
			return []string{fmt.Sprintf("nodes renamed %s => %s", old, now)}
		},
		"scope renamed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			scope, n := someScope(r, m)
			if n < 2 {
				return nil
			}
			renameNames(m, func(name string) string {
				if name == scope || strings.HasPrefix(name, scope+"/") {
					return "moved/there" + name[len(scope):]
				}
				return name
			})
			if slices.ContainsFunc(m.GraphDef.Node, func(n *tfpb.NodeDef) bool { return n.Name == "moved/there" }) {
				n++
			}
			return []string{fmt.Sprintf("nodes scope %s/ => moved/there/ (%d)", scope, n)}
		},
		"constant": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			n := node(r, m, func(n *tfpb.NodeDef) bool {
				x := n.GetAttr()["value"].GetTensor()
				return x.GetDtype() == tfpb.DataType_DT_FLOAT && len(x.TensorContent) == 0 && len(x.FloatVal) == 1 && len(x.GetTensorShape().GetDim()) == 0
			})
			if n == nil {
				return nil
			}
			x := n.Attr["value"].GetTensor()
			was := newTensor(x, nil).String()
			x.FloatVal[0] = 12345.5
			return []string{fmt.Sprintf("nodes changed %s attr:value: %s -> float32 12345.5 (1 of 1)", n.Name, was)}
		},
		"producer": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			was := m.GetGraphDef().GetVersions().GetProducer()
			m.GraphDef.Versions = &tfpb.VersionDef{Producer: 987, MinConsumer: m.GraphDef.GetVersions().GetMinConsumer()}
			return []string{fmt.Sprintf("versions producer: %d -> 987", was)}
		},
		"TensorFlow version": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			if m.MetaInfoDef == nil {
				return nil
			}
			was := m.MetaInfoDef.TensorflowVersion
			m.MetaInfoDef.TensorflowVersion = "9.9.9"
			return []string{fmt.Sprintf("versions tensorflow_version: %s -> 9.9.9", or(was, `""`))}
		},
		"saver": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			if m.SaverDef == nil {
				return nil
			}
			was := m.SaverDef.MaxToKeep
			m.SaverDef.MaxToKeep = 77
			return []string{fmt.Sprintf("saver max_to_keep: %d -> 77", was)}
		},
		"collection entry removed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			key, list := nodeListOf(r, m, 2)
			if list == nil {
				return nil
			}
			name := list.Value[0]
			list.Value = list.Value[1:]
			return []string{fmt.Sprintf("collections changed %s entries removed %s", key, name)}
		},
		"collection entry changed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			key, list := nodeListOf(r, m, 1)
			if list == nil {
				return nil
			}
			i := r.IntN(len(list.Value))
			was := list.Value[i]
			list.Value[i] = "another/op"
			return []string{fmt.Sprintf("collections changed %s entries changed [%d] value: %s -> another/op", key, i, was)}
		},
		"variable entry": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			list := m.GetCollectionDef()["variables"].GetBytesList()
			if len(list.GetValue()) == 0 {
				return nil
			}
			v := new(tfpb.VariableDef)
			if err := proto.Unmarshal(list.Value[0], v); err != nil {
				return nil
			}
			was := v.SnapshotName
			v.SnapshotName = "elsewhere/read:0"
			list.Value[0], _ = proto.Marshal(v)
			return []string{fmt.Sprintf("collections changed variables entries changed %s snapshot_name: %s -> elsewhere/read:0", v.VariableName, or(was, `""`))}
		},
		"collection removed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			keys := slices.Sorted(maps.Keys(m.GetCollectionDef()))
			if len(keys) == 0 {
				return nil
			}
			key := keys[r.IntN(len(keys))]
			delete(m.CollectionDef, key)
			return []string{"collections removed " + key}
		},
		"signature": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			for _, key := range slices.Sorted(maps.Keys(m.GetSignatureDef())) {
				for _, out := range slices.Sorted(maps.Keys(m.SignatureDef[key].Outputs)) {
					info := m.SignatureDef[key].Outputs[out]
					was := info.GetName()
					info.Encoding = &tfpb.TensorInfo_Name{Name: "other:0"}
					return []string{fmt.Sprintf("signatures changed %s outputs.%s.name: %s -> other:0", key, out, was)}
				}
			}
			return nil
		},
		"function body": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			f, ok := pick(r, m.GetGraphDef().GetLibrary().GetFunction(), func(f *tfpb.FunctionDef) bool { return len(f.NodeDef) > 0 })
			if !ok {
				return nil
			}
			n := f.NodeDef[r.IntN(len(f.NodeDef))]
			was := n.Device
			n.Device = "/device:XYZ:0"
			return []string{fmt.Sprintf("functions changed %s nodes changed %s device: %s -> /device:XYZ:0", f.Signature.Name, n.Name, or(was, "none"))}
		},
		"function result": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			f, ok := pick(r, m.GetGraphDef().GetLibrary().GetFunction(), func(f *tfpb.FunctionDef) bool { return len(f.Ret) > 0 })
			if !ok {
				return nil
			}
			key := slices.Min(slices.Collect(maps.Keys(f.Ret)))
			was := f.Ret[key]
			f.Ret[key] = "other:out:0"
			return []string{fmt.Sprintf("functions changed %s ret.%s: %s -> other:out:0", f.Signature.Name, key, was)}
		},
		"op definition removed": func(r *rand.Rand, m *tfpb.MetaGraphDef) []string {
			list := m.GetMetaInfoDef().GetStrippedOpList()
			if len(list.GetOp()) == 0 {
				return nil
			}
			i := r.IntN(len(list.Op))
			name := list.Op[i].Name
			list.Op = slices.Delete(list.Op, i, i+1)
			return []string{"ops removed " + name}
		},
		"tag": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			if m.MetaInfoDef == nil {
				return nil
			}
			m.MetaInfoDef.Tags = append(m.MetaInfoDef.Tags, "extra")
			return []string{"info tags: none -> extra"}
		},
		"unknown field": func(_ *rand.Rand, m *tfpb.MetaGraphDef) []string {
			m.ProtoReflect().SetUnknown([]byte{0xa2, 0x06, 0x02, 'h', 'i'})
			return []string{`unknown unknown_fields: none -> 100: "hi"`}
		},
	}
}

func nodeListOf(r *rand.Rand, m *tfpb.MetaGraphDef, least int) (string, *tfpb.CollectionDef_NodeList) {
	key, ok := pick(r, slices.Sorted(maps.Keys(m.GetCollectionDef())), func(key string) bool {
		return len(m.CollectionDef[key].GetNodeList().GetValue()) >= least
	})
	if !ok {
		return "", nil
	}
	return key, m.CollectionDef[key].GetNodeList()
}

// someScope returns a scope and the number of nodes in it.
func someScope(r *rand.Rand, m *tfpb.MetaGraphDef) (string, int) {
	var scopes []string
	for _, n := range m.GetGraphDef().GetNode() {
		if i := strings.LastIndexByte(n.Name, '/'); i > 0 {
			scopes = append(scopes, n.Name[:i])
		}
	}
	if len(scopes) == 0 {
		return "", 0
	}
	scope := scopes[r.IntN(len(scopes))]
	count := 0
	for _, n := range m.GetGraphDef().GetNode() {
		if strings.HasPrefix(n.Name, scope+"/") {
			count++
		}
	}
	return scope, count
}
