//go:build unix

package main

import (
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/graph"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// gnode returns the field of a GraphDef for a node. fields are further fields of the NodeDef.
func gnode(name, op string, fields ...[]byte) []byte {
	return wiretest.Message(fieldnum.GraphDef_Node, append([][]byte{wiretest.String(fieldnum.NodeDef_Name, name), wiretest.String(fieldnum.NodeDef_Op, op)}, fields...)...)
}

// from returns an input; attr returns an attr whose AttrValue has the given fields.
func from(input string) []byte { return wiretest.String(fieldnum.NodeDef_Input, input) }

func attr(key string, value ...[]byte) []byte {
	return wiretest.Message(fieldnum.NodeDef_Attr, wiretest.String(fieldnum.MapEntry_Key, key), wiretest.Message(fieldnum.MapEntry_Value, value...))
}

// collection returns a CollectionDef: names in a node_list (1), messages in a bytes_list (2).
func collection(key string, list protowire.Number, values ...[]byte) []byte {
	return wiretest.Message(fieldnum.MetaGraphDef_CollectionDef, wiretest.String(fieldnum.MapEntry_Key, key), wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(list, values...)))
}

func function(name string, fields ...[]byte) []byte {
	return wiretest.Message(fieldnum.GraphDef_Library, wiretest.Message(fieldnum.FunctionDefLibrary_Function, append([][]byte{wiretest.Message(fieldnum.FunctionDef_Signature, wiretest.String(fieldnum.OpDef_Name, name))}, fields...)...))
}

// readers returns n nodes, each of which reads another output of a node.
func readers(name string, n int) []byte {
	return repeat(n, func(i int) []byte { return gnode(number("s/b", i), "Identity", from(number(name+":", i))) })
}

// repeat joins what field returns for 0 to n-1.
func repeat(n int, field func(i int) []byte) []byte {
	var out []byte
	for i := range n {
		out = append(out, field(i)...)
	}
	return out
}

// nested returns n nested messages. Each has the fields before, followed by the next inner message in field num.
func nested(n int, num protowire.Number, before ...[]byte) []byte {
	head := wiretest.Join(before...)
	sizes := make([]int, n+1) // sizes of the messages, innermost last
	for i := n - 1; i >= 0; i-- {
		sizes[i] = len(head) + protowire.SizeTag(num) + protowire.SizeBytes(sizes[i+1])
	}
	var out []byte
	for i := range n {
		out = append(out, head...)
		out = protowire.AppendVarint(protowire.AppendTag(out, num, protowire.BytesType), uint64(sizes[i+1]))
	}
	return out
}

// number returns a numbered name.
func number(name string, i int) string { return name + strconv.Itoa(i) }

// swollen returns MetaGraphDefs with n elements of a kind that is rare in real files. All nodes are in the scope s.
var swollen = map[string]func(n int) (graph, rest []byte){
	"collections": func(n int) (graph, rest []byte) {
		return gnode("s/a", "NoOp"), repeat(n, func(i int) []byte {
			return collection(number("k", i), fieldnum.CollectionDef_NodeList, wiretest.String(fieldnum.CollectionDef_NodeList_Value, "s/a"))
		})
	},
	"collections with one key": func(n int) (graph, rest []byte) {
		return gnode("s/a", "NoOp"), repeat(n, func(i int) []byte {
			return collection("k", fieldnum.CollectionDef_NodeList, wiretest.String(fieldnum.CollectionDef_NodeList_Value, number("s/a", i)))
		})
	},
	"entries of a collection": func(n int) (graph, rest []byte) {
		return gnode("s/a", "NoOp"), collection("variables", fieldnum.CollectionDef_BytesList, repeat(n, func(i int) []byte {
			return wiretest.Message(fieldnum.CollectionDef_BytesList_Value, wiretest.String(fieldnum.VariableDef_VariableName, number("s/v", i)+":0"), wiretest.String(fieldnum.VariableDef_InitializerName, number("s/i", i)))
		}))
	},
	"values of a collection": func(n int) (graph, rest []byte) {
		return gnode("s/a", "NoOp"), wiretest.Message(fieldnum.MetaGraphDef_CollectionDef, wiretest.String(fieldnum.MapEntry_Key, "variables"), repeat(n, func(i int) []byte {
			return wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(fieldnum.CollectionDef_BytesList,
				wiretest.Message(fieldnum.CollectionDef_BytesList_Value, wiretest.String(fieldnum.VariableDef_VariableName, number("s/v", i)+":0"))))
		}))
	},
	"names of variables": func(n int) (graph, rest []byte) {
		return gnode("s/a", "NoOp"), collection("variables", fieldnum.CollectionDef_NodeList, repeat(n, func(i int) []byte {
			return wiretest.String(fieldnum.CollectionDef_NodeList_Value, number("s/v", i))
		}))
	},
	"inputs of a node": func(n int) (graph, rest []byte) {
		return wiretest.Join(repeat(n, func(i int) []byte { return gnode(number("s/a", i), "Placeholder") }),
			gnode("s/sum", "AddN", repeat(n, func(i int) []byte { return from(number("s/a", i)) }))), nil
	},
	"control inputs of a node": func(n int) (graph, rest []byte) {
		return wiretest.Join(gnode("s/a", "NoOp"), gnode("s/b", "NoOp", repeat(n, func(i int) []byte { return from("^s/a") }))), nil
	},
	"outputs of a node": func(n int) (graph, rest []byte) {
		arg := func(int) []byte {
			return wiretest.Message(fieldnum.OpDef_OutputArg, wiretest.Varint(fieldnum.OpDef_ArgDef_Type, 1))
		}
		return wiretest.Join(gnode("s/a", "Big", repeat(n, func(i int) []byte { return from(number("^s/b", i)) })), readers("s/a", n)),
			wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef, wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef_StrippedOpList, wiretest.Message(fieldnum.OpList_Op, wiretest.String(fieldnum.OpDef_Name, "Big"), repeat(n, arg))))
	},
	"recorded shapes of a node": func(n int) (graph, rest []byte) {
		list := func(num protowire.Number, value []byte) []byte {
			return wiretest.Message(fieldnum.AttrValue_List, repeat(n, func(int) []byte { return wiretest.Message(num, value) }))
		}
		return wiretest.Join(gnode("s/a", "IteratorGetNext", attr("output_types", list(fieldnum.AttrValue_ListValue_Type, []byte{1})), attr("_output_shapes", list(fieldnum.AttrValue_ListValue_Shape, nil))), readers("s/a", n)), nil
	},
	"consumers of a node": func(n int) (graph, rest []byte) {
		return wiretest.Join(gnode("s/p", "Placeholder"), repeat(n, func(i int) []byte { return gnode(number("s/a", i), "Identity", from("s/p")) })), nil
	},
	"attrs of a node": func(n int) (graph, rest []byte) {
		return gnode("s/a", "NoOp", repeat(n, func(i int) []byte { return attr(number("k", i), wiretest.Varint(fieldnum.AttrValue_I, 1)) })), nil
	},
	"colocation groups of a node": func(n int) (graph, rest []byte) {
		return gnode("s/a", "NoOp", attr("_class", wiretest.Message(fieldnum.AttrValue_List, repeat(n, func(i int) []byte { return wiretest.String(fieldnum.AttrValue_ListValue_S, number("loc:@s/b", i)) })))), nil
	},
	"colocated nodes in a chain": func(n int) (graph, rest []byte) {
		return repeat(n, func(i int) []byte {
			return gnode(number("s/a", i), "NoOp", attr("_class", wiretest.Message(fieldnum.AttrValue_List, wiretest.String(fieldnum.AttrValue_ListValue_S, number("loc:@s/a", i+1)))))
		}), nil
	},
	"functions in a chain": func(n int) (graph, rest []byte) {
		return wiretest.Join(gnode("s/a", "f0"), repeat(n, func(i int) []byte {
			return function(number("f", i), wiretest.Message(fieldnum.FunctionDef_NodeDef, wiretest.String(fieldnum.NodeDef_Name, "n"), wiretest.String(fieldnum.NodeDef_Op, number("f", i+1))))
		})), nil
	},
	"functions of a node": func(n int) (graph, rest []byte) {
		branches := repeat(n, func(i int) []byte {
			return wiretest.Message(fieldnum.AttrValue_ListValue_Func, wiretest.String(fieldnum.NameAttrList_Name, number("f", i)))
		})
		return wiretest.Join(gnode("s/a", "NoOp", attr("branches", wiretest.Message(fieldnum.AttrValue_List, branches))), repeat(n, func(i int) []byte { return function(number("f", i)) })), nil
	},
	"gradients of renamed functions": func(n int) (graph, rest []byte) {
		name := func(i int) string { return number(number("f", i)+"_", n) } // the other file has another n
		return wiretest.Join(gnode("s/a", name(0)), repeat(n, func(i int) []byte {
			return wiretest.Join(function(name(i)), wiretest.Message(fieldnum.GraphDef_Library, wiretest.Message(fieldnum.FunctionDefLibrary_Gradient,
				wiretest.String(fieldnum.GradientDef_FunctionName, name(i)), wiretest.String(fieldnum.GradientDef_GradientFunc, number("g", n-i)))))
		})), nil
	},
	"functions in a cycle": func(n int) (graph, rest []byte) {
		return wiretest.Join(gnode("s/a", "f0"), repeat(n, func(i int) []byte {
			return function(number("f", i), wiretest.Message(fieldnum.FunctionDef_NodeDef, wiretest.String(fieldnum.NodeDef_Name, "n"), wiretest.String(fieldnum.NodeDef_Op, number("f", (i+1)%n))))
		})), nil
	},
	"functions with one name": func(n int) (graph, rest []byte) {
		return wiretest.Join(gnode("s/a", "f"), repeat(n, func(int) []byte { return function("f") })), nil
	},
	"inputs of a signature": func(n int) (graph, rest []byte) {
		return gnode("s/a", "Placeholder"), wiretest.Message(fieldnum.MetaGraphDef_SignatureDef, wiretest.String(fieldnum.MapEntry_Key, "serve"), wiretest.Message(fieldnum.MapEntry_Value, repeat(n, func(i int) []byte {
			return wiretest.Message(fieldnum.SignatureDef_Inputs, wiretest.String(fieldnum.MapEntry_Key, number("i", i)), wiretest.Message(fieldnum.MapEntry_Value, wiretest.String(fieldnum.TensorInfo_Name, "s/a:0")))
		})))
	},
	"signatures": func(n int) (graph, rest []byte) {
		return gnode("s/a", "Placeholder"), repeat(n, func(i int) []byte {
			return wiretest.Message(fieldnum.MetaGraphDef_SignatureDef, wiretest.String(fieldnum.MapEntry_Key, number("k", i)), wiretest.Message(fieldnum.MapEntry_Value, wiretest.Message(fieldnum.SignatureDef_Inputs, wiretest.String(fieldnum.MapEntry_Key, "i"), wiretest.Message(fieldnum.MapEntry_Value, wiretest.String(fieldnum.TensorInfo_Name, "s/a:0")))))
		})
	},
	"chain of nodes": func(n int) (graph, rest []byte) {
		return wiretest.Join(gnode("s/n0", "Placeholder"), repeat(n, func(i int) []byte { return gnode(number("s/n", i+1), "Identity", from(number("s/n", i))) })), nil
	},
	"reversed chain of nodes": func(n int) (graph, rest []byte) {
		return repeat(n, func(i int) []byte { return gnode(number("s/n", i), "Identity", from(number("s/n", i+1))) }), nil
	},
	"cycle of nodes": func(n int) (graph, rest []byte) {
		return repeat(n, func(i int) []byte { return gnode(number("s/n", i), "Identity", from(number("s/n", (i+1)%n))) }), nil
	},
	"ladder of nodes": func(n int) (graph, rest []byte) {
		return repeat(n, func(i int) []byte {
			return gnode(number("s/n", i), "Add", from(number("s/n", max(i-1, 0))), from(number("s/n", max(i-2, 0))))
		}), nil
	},
	"variables in a chain of layers": func(n int) (graph, rest []byte) {
		return repeat(n, func(i int) []byte {
			return wiretest.Join(gnode(number("s/v", i), "VariableV2"), gnode(number("s/r", i), "Identity", from(number("s/v", i))), gnode(number("s/m", i), "Mul", from(number("s/r", i)), from(number("s/m", max(i-1, 0)))))
		}), nil
	},
	"nodes with one name": func(n int) (graph, rest []byte) {
		return repeat(n, func(int) []byte { return gnode("s/a", "NoOp") }), nil
	},
	"taken names": func(n int) (graph, rest []byte) {
		return wiretest.Join(gnode("s/a", "NoOp"), repeat(n, func(i int) []byte { return gnode(number("s/a_", i), "NoOp") })), nil
	},
	"nodes with one taken name": func(n int) (graph, rest []byte) {
		return wiretest.Join(repeat(n, func(int) []byte { return gnode("s/a", "NoOp") }), repeat(n, func(i int) []byte { return gnode(number("s/a_", i), "NoOp") })), nil
	},
	"scopes": func(n int) (graph, rest []byte) {
		return repeat(n, func(i int) []byte { return gnode(number("s/t", i)+"/a", "NoOp") }), nil
	},
	"nested scopes": func(n int) (graph, rest []byte) {
		deep := strings.Repeat("s/", n)
		return wiretest.Join(gnode(deep+"a", "NoOp"), gnode(deep+"b", "NoOp", from("^"+deep+"a"))), nil
	},
	"nested scopes with savers": func(n int) (graph, rest []byte) {
		return repeat(n, func(i int) []byte {
			scope := strings.Repeat("s/", 1+i*16/n) + number("t", i)
			return wiretest.Join(gnode(scope+"/Const", "Const"), gnode(scope+"/RestoreV2", "RestoreV2", from(scope+"/Const")), gnode(scope+"/restore_all", "NoOp", from("^"+scope+"/RestoreV2")))
		}), wiretest.Message(fieldnum.MetaGraphDef_SaverDef, wiretest.String(fieldnum.SaverDef_FilenameTensorName, "s/t0/Const:0"), wiretest.String(fieldnum.SaverDef_RestoreOpName, "s/t0/restore_all"))
	},
	"calls that fan out": func(n int) (graph, rest []byte) {
		call := func(i, k int) []byte {
			return wiretest.Message(fieldnum.FunctionDef_NodeDef, wiretest.String(fieldnum.NodeDef_Name, number("n", k)), wiretest.String(fieldnum.NodeDef_Op, number("f", i+1)))
		}
		return wiretest.Join(gnode("s/a", "f0"), repeat(n, func(i int) []byte { return function(number("f", i), call(i, 0), call(i, 1), call(i, 2)) })), nil
	},
	"results of a call in a function": func(n int) (graph, rest []byte) {
		result := func(name string) []byte {
			return wiretest.Message(fieldnum.OpDef_OutputArg, wiretest.String(fieldnum.OpDef_ArgDef_Name, name), wiretest.Varint(fieldnum.OpDef_ArgDef_Type, 1))
		}
		signature := wiretest.Message(fieldnum.FunctionDef_Signature, wiretest.String(fieldnum.OpDef_Name, "results"), repeat(n, func(i int) []byte { return result(number("r", i)) }))
		call := wiretest.Message(fieldnum.FunctionDef_NodeDef, wiretest.String(fieldnum.NodeDef_Name, "call"), wiretest.String(fieldnum.NodeDef_Op, "results"))
		readers := repeat(n, func(i int) []byte {
			return wiretest.Message(fieldnum.FunctionDef_NodeDef, wiretest.String(fieldnum.NodeDef_Name, number("n", i)), wiretest.String(fieldnum.NodeDef_Op, "Neg"),
				from("call:"+number("r", i)+":0"), attr("T", wiretest.Varint(fieldnum.AttrValue_Type, 1)))
		})
		return wiretest.Join(gnode("s/a", "reads"), function("reads", call, readers), wiretest.Message(fieldnum.GraphDef_Library, wiretest.Message(fieldnum.FunctionDefLibrary_Function, signature))), nil
	},
	"calls that pass a variable on": func(n int) (graph, rest []byte) {
		types := func(key string, dtype uint64) []byte {
			return attr(key, wiretest.Message(fieldnum.AttrValue_List, wiretest.Varint(fieldnum.AttrValue_ListValue_Type, dtype)))
		}
		call := func(callee, input string) []byte {
			return wiretest.Join(wiretest.String(fieldnum.NodeDef_Name, "s/call"), wiretest.String(fieldnum.NodeDef_Op, "PartitionedCall"), from(input),
				attr("f", wiretest.Message(fieldnum.AttrValue_Func, wiretest.String(fieldnum.NameAttrList_Name, callee))), types("Tin", 20), types("Tout", 1))
		}
		argument := func(name string, dtype uint64) []byte {
			return wiretest.Join(wiretest.String(fieldnum.OpDef_ArgDef_Name, name), wiretest.Varint(fieldnum.OpDef_ArgDef_Type, dtype))
		}
		return wiretest.Join(gnode("s/v", "VarHandleOp", attr("dtype", wiretest.Varint(fieldnum.AttrValue_Type, 1))), wiretest.Message(fieldnum.GraphDef_Node, call("f0", "s/v")), repeat(n, func(i int) []byte {
			return wiretest.Message(fieldnum.GraphDef_Library, wiretest.Message(fieldnum.FunctionDefLibrary_Function,
				wiretest.Message(fieldnum.FunctionDef_Signature, wiretest.String(fieldnum.OpDef_Name, number("f", i)), wiretest.Message(fieldnum.OpDef_InputArg, argument("a", 20)), wiretest.Message(fieldnum.OpDef_OutputArg, argument("r", 1))),
				wiretest.Message(fieldnum.FunctionDef_NodeDef, call(number("f", i+1), "a")), wiretest.Message(fieldnum.FunctionDef_Ret, wiretest.String(fieldnum.MapEntry_Key, "r"), wiretest.String(fieldnum.MapEntry_Value, "s/call:output:0"))))
		})), nil
	},
	"devices": func(n int) (graph, rest []byte) {
		return repeat(n, func(i int) []byte {
			return gnode(number("s/a", i), "NoOp", wiretest.String(fieldnum.NodeDef_Device, number("/job:w/task:", i)))
		}), nil
	},
	"ops": func(n int) (graph, rest []byte) {
		return repeat(n, func(i int) []byte { return gnode(number("s/a", i), number("Op", i)) }), nil
	},
	"op definitions": func(n int) (graph, rest []byte) {
		return gnode("s/a", "Op0"), wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef, wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef_StrippedOpList, repeat(n, func(i int) []byte {
			return wiretest.Message(fieldnum.OpList_Op, wiretest.String(fieldnum.OpDef_Name, number("Op", i)))
		})))
	},
	"objects": func(n int) (graph, rest []byte) {
		return gnode("s/a", "NoOp"), wiretest.Message(fieldnum.MetaGraphDef_ObjectGraphDef, repeat(n, func(i int) []byte {
			return wiretest.Message(fieldnum.SavedObjectGraph_Nodes, wiretest.Message(fieldnum.SavedObject_Children,
				wiretest.Varint(fieldnum.TrackableObjectGraph_TrackableObject_ObjectReference_NodeId, uint64(i)),
				wiretest.String(fieldnum.TrackableObjectGraph_TrackableObject_ObjectReference_LocalName, number("c", n-i))))
		}))
	},
	"savers": func(n int) (graph, rest []byte) {
		return gnode("s/a", "NoOp"), collection("savers", fieldnum.CollectionDef_BytesList, repeat(n, func(i int) []byte {
			return wiretest.Message(fieldnum.CollectionDef_BytesList_Value, wiretest.String(fieldnum.SaverDef_FilenameTensorName, number("s/save", i)+"/Const:0"), wiretest.String(fieldnum.SaverDef_RestoreOpName, number("s/save", i)+"/restore_all"))
		}))
	},
	"split graph": func(n int) (graph, rest []byte) {
		return nil, repeat(n, func(i int) []byte {
			return wiretest.Message(fieldnum.MetaGraphDef_GraphDef, gnode(number("s/a", i), "NoOp"))
		})
	},
	"nested loops": func(n int) (graph, rest []byte) {
		return repeat(n, func(i int) []byte {
			return gnode(number("s/e", i), "Enter", from(number("s/e", max(i-1, 0))), attr("frame_name", wiretest.String(fieldnum.AttrValue_S, number("f", i))))
		}), nil
	},
	"nested attr values": func(n int) (graph, rest []byte) {
		return gnode("s/a", "NoOp", attr("k", nested(n, fieldnum.AttrValue_Func))), nil
	},
	"nested unknown fields": func(n int) (graph, rest []byte) { return gnode("s/a", "NoOp"), nested(n, 99) },
	"nested Anys": func(n int) (graph, rest []byte) {
		const url = "type.googleapis.com/google.protobuf.Any"
		return gnode("s/a", "NoOp"), wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef, wiretest.Message(fieldnum.MetaGraphDef_MetaInfoDef_AnyInfo, nested(n, fieldnum.Any_Value, wiretest.String(fieldnum.Any_TypeUrl, url))))
	},
	"values of a string tensor": func(n int) (graph, rest []byte) {
		return gnode("s/c", "Const", attr("value", wiretest.Message(fieldnum.AttrValue_Tensor, wiretest.Varint(fieldnum.TensorProto_Dtype, 7), wiretest.Message(fieldnum.TensorProto_TensorShape, wiretest.Message(fieldnum.TensorShapeProto_Dim, wiretest.Varint(fieldnum.TensorShapeProto_Dim_Size, uint64(n)))), repeat(n, func(i int) []byte { return wiretest.String(fieldnum.TensorProto_StringVal, number("v", i)) })))), nil
	},
	"dimensions of a shape": func(n int) (graph, rest []byte) {
		return gnode("s/p", "Placeholder", attr("shape", wiretest.Message(fieldnum.AttrValue_Shape, repeat(n, func(int) []byte {
			return wiretest.Message(fieldnum.TensorShapeProto_Dim, wiretest.Varint(fieldnum.TensorShapeProto_Dim_Size, 1))
		})))), nil
	},
}

// served returns a MetaGraphDef with further nodes: a placeholder s/in, and s/out, which needs s/in and every node of the graph that no
// node reads. So a cut to s/out keeps the graph.
func served(t *testing.T, content, rest []byte) []byte {
	t.Helper()
	placeholder := gnode("s/in", "Placeholder", attr("dtype", wiretest.Varint(fieldnum.AttrValue_Type, 1)), attr("shape", wiretest.Message(fieldnum.AttrValue_Shape, wiretest.Message(fieldnum.TensorShapeProto_Dim, wiretest.Varint(fieldnum.TensorShapeProto_Dim_Size, 2)))))
	g, err := graph.New(wire.Graph(content))
	if err != nil {
		t.Fatal(err)
	}
	inputs := from("s/in")
	for i := range g.Len() {
		if len(g.Consumers(i)) == 0 {
			inputs = append(inputs, from("^"+string(g.Name(i)))...)
		}
	}
	out := gnode("s/out", "Identity", inputs, attr("T", wiretest.Varint(fieldnum.AttrValue_Type, 1)))
	return wiretest.Join(wiretest.Message(fieldnum.MetaGraphDef_GraphDef, placeholder, content, out), rest)
}
