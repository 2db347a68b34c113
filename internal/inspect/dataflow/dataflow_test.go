package dataflow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/inspect/model"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// findTensors returns the inputs and outputs that Find finds, one line per tensor.
func findTensors(t testing.TB, m *tfpb.MetaGraphDef) (inputs, outputs []string, found *IO) {
	t.Helper()
	found, err := Find(model.New(testfiles.MetaGraph(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range found.Inputs {
		inputs = append(inputs, ioLine(in))
	}
	for _, out := range found.Outputs {
		outputs = append(outputs, ioLine(out))
	}
	return inputs, outputs, found
}

func ioLine(t Tensor) string {
	line := fmt.Sprintf("%s %s %s %s", t.Role, t.Tensor, t.DType, t.Shape)
	if len(t.Copies) > 0 {
		line += " like " + strings.Join(t.Copies, ",")
	}
	return line
}

const (
	// regression is a softmax regression that computes y from x, w and b.
	regression = `
x = Placeholder dtype=float shape=(?,4) out=(?,4)
w = VariableV2 dtype=float shape=(4,3) out=(4,3)
w/read = Identity w T=float out=(4,3)
b = VariableV2 dtype=float shape=(3) out=(3)
b/read = Identity b T=float out=(3)
MatMul = MatMul x w/read T=float out=(?,3)
add = Add MatMul b/read T=float out=(?,3)
y = Softmax add T=float out=(?,3)
`
	// training adds a comparison of y with label and updates of w and b.
	training = regression + `
label = Placeholder dtype=int64 shape=(?) out=(?)
xent = SparseSoftmaxCrossEntropyWithLogits add label T=float Tlabels=int64 out=(?)|(?,3)
axis = Const dtype=int32
Mean = Mean xent axis T=float out=()
gradients/Fill = Const dtype=float out=()
gradients/Mean_grad/Tile = Tile gradients/Fill axis T=float out=(?)
gradients/xent_grad/mul = Mul gradients/Mean_grad/Tile xent:1 T=float out=(?,3)
gradients/MatMul_grad/MatMul_1 = MatMul x gradients/xent_grad/mul T=float out=(4,3)
rate = Placeholder dtype=float shape=() out=()
sgd/w = ApplyGradientDescent w rate gradients/MatMul_grad/MatMul_1 T=float
loss_summary = ScalarSummary axis Mean T=float
save/Const = Const dtype=string
save/filename = PlaceholderWithDefault save/Const dtype=string shape=() out=()
save/SaveV2 = SaveV2 save/filename axis axis w b dtypes=float,float
`
)

func TestFindIO(t *testing.T) {
	tests := []struct {
		name    string
		graph   string
		inputs  []string
		outputs []string
	}{
		{"regression", regression,
			[]string{"data x:0 float32 (?, 4)"},
			[]string{"prediction y:0 float32 (?, 3)"}},
		{"training", training,
			[]string{"data x:0 float32 (?, 4)", "auxiliary rate:0 float32 ()", "label label:0 int64 (?)"},
			[]string{"prediction y:0 float32 (?, 3)", "prediction add:0 float32 (?, 3)", "loss Mean:0 float32 ()"}},
		{"dropout and is_training", `
x = Placeholder dtype=float shape=? out=?
train = Placeholder dtype=bool shape=? out=?
keep = Placeholder dtype=float shape=? out=?
w = VariableV2 dtype=float shape=(4,3)
w/read = Identity w T=float
h = MatMul x w/read T=float
random = RandomUniform dtype=float
d/sum = Add keep random T=float
d/floor = Floor d/sum T=float
d/div = RealDiv h keep T=float
d/mul = Mul d/div d/floor T=float
c/switch = Switch d/mul train T=float
c/merge = Merge c/switch c/switch:1 T=float
unread = Placeholder dtype=float shape=(2)
`,
			[]string{"data x:0 float32 ?", "auxiliary train:0 bool ?", "auxiliary keep:0 float32 ?", "unused unread:0 float32 (2)"},
			[]string{"prediction c/merge:0 float32 ?", "prediction h:0 float32 (?, 3)"}},
		{"running average of a loss", `
x = Placeholder dtype=float shape=(?,4) out=(?,4)
w = VariableV2 dtype=float shape=(4,3) out=(4,3)
w/read = Identity w T=float out=(4,3)
add = MatMul x w/read T=float out=(?,3)
axis = Const dtype=int32
Mean = Mean add axis T=float out=()
gradients/grad_ys_0 = Const dtype=float out=()
gradients/Mean_grad/Tile = Tile gradients/grad_ys_0 axis T=float out=(?,3)
gradients/add_grad/MatMul_1 = MatMul x gradients/Mean_grad/Tile T=float out=(4,3)
rate = Const dtype=float
sgd/w = ApplyGradientDescent w rate gradients/add_grad/MatMul_1 T=float
Mean/avg = VariableV2 dtype=float shape=() out=()
avg/sub = Sub Mean/avg Mean T=float out=()
avg/assign = AssignSub Mean/avg avg/sub T=float
`,
			[]string{"data x:0 float32 (?, 4)"},
			[]string{"prediction add:0 float32 (?, 3)", "loss Mean:0 float32 ()"}},
		{"gradients of all loop outputs", `
x = Placeholder dtype=float shape=(?,4) out=(?,4)
w = VariableV2 dtype=float shape=(4,4)
w/read = Identity w T=float
start = Const dtype=int32
h = MatMul x w/read T=float out=(?,4)
loop = While start h T=int32,float out=()|(?,4) output_shapes=()|(?,4)
y = Identity loop:1 T=float out=(?,4)
gradients/grad_ys_0 = Const dtype=float
gradients/loop_grad/loop_grad = While gradients/grad_ys_0 loop:1 T=float,float
sgd/w = ApplyGradientDescent w start gradients/loop_grad/loop_grad T=float
`,
			[]string{"data x:0 float32 (?, 4)"},
			[]string{"prediction y:0 float32 (?, 4)", "prediction h:0 float32 (?, 4)"}},
		{"autoencoder", `
x = Placeholder dtype=float shape=(?,4) out=(?,4)
w = VariableV2 dtype=float shape=(4,4)
w/read = Identity w T=float
MatMul = MatMul x w/read T=float out=(?,4)
decoded = Tanh MatMul T=float out=(?,4)
Sub = Sub x decoded T=float out=(?,4)
Square = Square Sub T=float out=(?,4)
axis = Const dtype=int32
Mean = Mean Square axis T=float out=()
gradients/Fill = Const dtype=float
gradients/Mean_grad/Tile = Tile gradients/Fill axis T=float
sgd/w = ApplyGradientDescent w axis gradients/Mean_grad/Tile T=float
`,
			[]string{"data x:0 float32 (?, 4)"},
			[]string{"prediction decoded:0 float32 (?, 4)", "loss Mean:0 float32 ()"}},
		{"generator and discriminator", `
z = Placeholder dtype=float shape=(?,2) out=(?,2)
real = Placeholder dtype=float shape=(?,4) out=(?,4)
g/w = VariableV2 dtype=float shape=(2,4)
g/w/read = Identity g/w T=float
g/MatMul = MatMul z g/w/read T=float out=(?,4)
g/Tanh = Tanh g/MatMul T=float out=(?,4)
d/w = VariableV2 dtype=float shape=(4,1)
d/w/read = Identity d/w T=float
d/MatMul = MatMul real d/w/read T=float out=(?,1)
d_1/MatMul = MatMul g/Tanh d/w/read T=float out=(?,1)
`,
			[]string{"data z:0 float32 (?, 2)", "data real:0 float32 (?, 4)"},
			[]string{"prediction g/Tanh:0 float32 (?, 4)", "prediction d_1/MatMul:0 float32 (?, 1) like d/MatMul:0"}},
		{"perceptual loss with a frozen network", `
x = Placeholder dtype=float shape=(?,4) out=(?,4)
w = VariableV2 dtype=float shape=(4,4)
w/read = Identity w T=float
MatMul = MatMul x w/read T=float out=(?,4)
Tanh = Tanh MatMul T=float out=(?,4)
k = Const dtype=float value=(4,3) out=(4,3)
content = MatMul x k T=float out=(?,3)
k_1 = Const dtype=float value=(4,3) out=(4,3)
MatMul_1 = MatMul Tanh k_1 T=float out=(?,3)
Sub = Sub MatMul_1 content T=float out=(?,3)
Loss = L2Loss Sub T=float out=()
gradients/Fill = Const dtype=float
gradients/Loss_grad/mul = Mul gradients/Fill Sub T=float
sgd/w = ApplyGradientDescent w k gradients/Loss_grad/mul T=float
`,
			[]string{"data x:0 float32 (?, 4)"},
			[]string{"prediction Tanh:0 float32 (?, 4)", "prediction MatMul_1:0 float32 (?, 3)", "loss Loss:0 float32 ()"}},
		{"siamese loss", `
left = Placeholder dtype=float shape=(?,4) out=(?,4)
right = Placeholder dtype=float shape=(?,4) out=(?,4)
same = Placeholder dtype=float shape=(?,2) out=(?,2)
w = VariableV2 dtype=float shape=(4,2)
w/read = Identity w T=float
model/MatMul = MatMul left w/read T=float out=(?,2)
model_1/MatMul = MatMul right w/read T=float out=(?,2)
sub = Sub model/MatMul model_1/MatMul T=float out=(?,2)
mul = Mul sub same T=float out=(?,2)
L2Loss = L2Loss mul T=float out=()
gradients/Fill = Const dtype=float
gradients/L2Loss_grad/mul = Mul gradients/Fill mul T=float
sgd/w = ApplyGradientDescent w same gradients/L2Loss_grad/mul T=float
`,
			[]string{"data left:0 float32 (?, 4)", "data right:0 float32 (?, 4)", "label same:0 float32 (?, 2)"},
			[]string{"prediction sub:0 float32 (?, 2)", "prediction model/MatMul:0 float32 (?, 2) like model_1/MatMul:0", "loss L2Loss:0 float32 ()"}},
		{"result read only by a streaming metric", regression + `
label = Placeholder dtype=int64 shape=(?) out=(?)
axis = Const dtype=int32
acc/ArgMax = ArgMax y axis T=float out=(?)
acc/Equal = Equal acc/ArgMax label T=int64 out=(?)
acc/Sum = Sum acc/Equal axis T=float out=()
total = VariableV2 dtype=float shape=() out=()
update = AssignAdd total acc/Sum T=float out=()
`,
			[]string{"data x:0 float32 (?, 4)", "auxiliary label:0 int64 (?)"},
			[]string{"prediction y:0 float32 (?, 3)"}},
		{"k-means clusters", `
points = Placeholder dtype=float shape=(?,2) out=(?,2)
centroids = VariableV2 dtype=float shape=(4,2) out=(4,2)
centroids/read = Identity centroids T=float out=(4,2)
axis = Const dtype=int32
sub = Sub points centroids/read T=float out=(?,4)
assignments = ArgMin sub axis T=float out=(?)
means = UnsortedSegmentMean points assignments axis T=float out=(4,2)
update = Assign centroids means T=float
`,
			[]string{"data points:0 float32 (?, 2)"},
			[]string{"prediction assignments:0 int64 (?)", "prediction sub:0 float32 (?, 4)"}},
		{"named result, embedding row and slice", `
ids = Placeholder dtype=int32 shape=(?) out=(?)
price = Placeholder dtype=float shape=(?) out=(?)
table = VariableV2 dtype=float shape=(9,4)
biases = VariableV2 dtype=float shape=(9,1)
w = VariableV2 dtype=float shape=(4,1)
rows = Gather table ids Tparams=float out=(?,4)
MatMul = MatMul rows w T=float out=(?,1)
embedding_lookup/Gather = Gather biases ids Tparams=float out=(?,1)
add = Add MatMul embedding_lookup/Gather T=float out=(?,1)
begin = Const dtype=int32
strided_slice = StridedSlice add begin begin begin T=float out=(?)
sub = Sub strided_slice price T=float out=(?)
L2Loss = L2Loss sub T=float out=()
gradients/Fill = Const dtype=float
gradients/L2Loss_grad/mul = Mul gradients/Fill sub T=float
sgd/w = ApplyGradientDescent w price gradients/L2Loss_grad/mul T=float
price_hat = Squeeze MatMul T=float out=(?)
`,
			[]string{"data ids:0 int32 (?)", "label price:0 float32 (?)"},
			[]string{"prediction price_hat:0 float32 (?)", "prediction add:0 float32 (?, 1)", "prediction strided_slice:0 float32 (?)",
				"loss L2Loss:0 float32 ()"}},
		{"named count of results", regression + `
shape = Shape y T=float out_type=int32 out=(2)
axis = Const dtype=int32
Max = Max shape axis T=int32 out=()
num_detections = Identity Max T=int32 out=(1)
`,
			[]string{"data x:0 float32 (?, 4)"},
			[]string{"prediction y:0 float32 (?, 3)", "prediction num_detections:0 int32 (1)"}},
		{"packed list as the final result", regression + `
text = AsString y T=float out=(?,3)
packed = Pack text T=string out=(1,?,3)
`,
			[]string{"data x:0 float32 (?, 4)"},
			[]string{"prediction y:0 float32 (?, 3)", "prediction packed:0 string (1, ?, 3)", "prediction add:0 float32 (?, 3)"}},
		{"vector of keep probabilities", regression + `
dropout_keep = Placeholder dtype=float shape=(?) out=(?)
begin = Const dtype=int32
first = StridedSlice dropout_keep begin begin begin T=float out=()
out = Mul y first T=float out=(?,3)
`,
			[]string{"data x:0 float32 (?, 4)", "auxiliary dropout_keep:0 float32 (?)"},
			[]string{"prediction out:0 float32 (?, 3)", "prediction y:0 float32 (?, 3)", "prediction add:0 float32 (?, 3)"}},
		{"queue with a named output", `
files = Placeholder dtype=string shape=(?)
queue = FIFOQueueV2 component_types=float,int64
fill = QueueEnqueueManyV2 queue files Tcomponents=string
batch = QueueDequeueManyV2 queue n component_types=float,int64 out=(8,4)|(8)
image_batch = Identity batch T=float out=(8,4)
w = VariableV2 dtype=float shape=(4,3)
w/read = Identity w T=float
logits = MatMul image_batch w/read T=float
xent = SparseSoftmaxCrossEntropyWithLogits logits batch:1 T=float out=(8)|(8,3)
n = Const dtype=int32
`,
			[]string{"data batch:0 float32 (8, 4)", "data image_batch:0 float32 (8, 4)", "auxiliary files:0 string (?)", "label batch:1 int64 (8)"},
			[]string{"prediction logits:0 float32 (8, 3)"}},
		{"towers", `
x0 = Placeholder dtype=float shape=(8,4)
x1 = Placeholder dtype=float shape=(8,4)
w = VariableV2 dtype=float shape=(4,3)
w/read = Identity w T=float
tower0/MatMul = MatMul x0 w/read T=float
InferenceTower/MatMul = MatMul x1 w/read T=float
`,
			[]string{"data x1:0 float32 (8, 4)", "data x0:0 float32 (8, 4)"},
			[]string{"prediction InferenceTower/MatMul:0 float32 (8, 3) like tower0/MatMul:0"}},
		{"workers with separate variables", `
W_0/S = Placeholder dtype=float shape=(?,4)
W_0/w = VariableV2 dtype=float shape=(4,3)
W_0/MatMul = MatMul W_0/S W_0/w T=float
W_1/S = Placeholder dtype=float shape=(?,4)
W_1/w = VariableV2 dtype=float shape=(4,3)
W_1/MatMul = MatMul W_1/S W_1/w T=float
`,
			[]string{"data W_0/S:0 float32 (?, 4)", "data W_1/S:0 float32 (?, 4)"},
			[]string{"prediction W_0/MatMul:0 float32 (?, 3) like W_1/MatMul:0"}},
		{"heads of one model", `
S_0 = Placeholder dtype=float shape=(?,4)
w_0 = VariableV2 dtype=float shape=(4,3)
w_1 = VariableV2 dtype=float shape=(4,3)
head_0 = MatMul S_0 w_0 T=float
head_1 = MatMul S_0 w_1 T=float
`,
			[]string{"data S_0:0 float32 (?, 4)"},
			[]string{"prediction head_1:0 float32 (?, 3)", "prediction head_0:0 float32 (?, 3)"}},
		{"frozen", `
input = Placeholder dtype=float shape=(?,4)
w = Const dtype=float
w/read = Identity w T=float
MatMul = MatMul input w/read T=float
prob = Softmax MatMul T=float
`,
			[]string{"data input:0 float32 (?, 4)"},
			[]string{"prediction prob:0 float32 ?"}},
		{"sequence lengths of a decoder", `
x = Placeholder dtype=float shape=(?,9,4)
lengths = Placeholder dtype=int32 shape=(?)
w = VariableV2 dtype=float shape=(4,3)
w/read = Identity w T=float
scores = BatchMatMul x w/read T=float out=(?,9,3)
decode = CTCGreedyDecoder scores lengths
`,
			[]string{"data x:0 float32 (?, 9, 4)", "data lengths:0 int32 (?)"},
			[]string{"prediction decode:0 int64 ?", "prediction decode:1 int64 ?", "prediction decode:2 int64 ?", "prediction decode:3 float32 ?",
				"prediction scores:0 float32 (?, 9, 3)"}},
		{"running averages and assertions", regression + `
axis = Const dtype=int32
moving = VariableV2 dtype=float shape=(3)
batch_mean = Mean add axis T=float out=(3)
moving/sub = Sub moving batch_mean T=float out=(3)
moving/assign = AssignSub moving moving/sub T=float
fine = LessEqual add axis T=float
check = Assert fine add T=float
`,
			[]string{"data x:0 float32 (?, 4)"},
			[]string{"prediction y:0 float32 (?, 3)"}},
		{"variables only", `
v = VariableV2 dtype=float shape=(2)
v/Assign = Assign v zeros T=float
zeros = Const dtype=float
`,
			nil, []string{"prediction v:0 float32 (2)"}},
		{"no inputs", `
v = VariableV2 dtype=float shape=(2) out=(2)
v/read = Identity v T=float out=(2)
u = VariableV2 dtype=float shape=(2) out=(2)
u/read = Identity u T=float out=(2)
sum = Add v/read u/read T=float out=(2)
`,
			nil, []string{"prediction sum:0 float32 (2)"}},
		{"module template", `
module/hub_input/images = Placeholder dtype=float shape=(?,4)
images = Placeholder dtype=float shape=(?,4)
w = VariableV2 dtype=float shape=(4,3)
w/read = Identity w T=float
module/out = MatMul module/hub_input/images w/read T=float
module_apply/out = MatMul images w/read T=float
`,
			[]string{"data images:0 float32 (?, 4)", "unused module/hub_input/images:0 float32 (?, 4)"},
			[]string{"prediction module_apply/out:0 float32 (?, 3)"}},
		{"loop", `
x = Placeholder dtype=float shape=(8,4) out=(8,4)
w = VariableV2 dtype=float shape=(4,4)
w/read = Identity w T=float
while/Enter = Enter x T=float out=(8,4)
while/Enter_1 = Enter w/read T=float out=(4,4)
while/Merge = Merge while/Enter while/Next T=float out=(8,4)|()
while/Less = Less while/Merge while/Merge T=float out=(8,4)
while/LoopCond = LoopCond while/Less
while/Switch = Switch while/Merge while/LoopCond T=float out=(8,4)|(8,4)
while/MatMul = MatMul while/Switch:1 while/Enter_1 T=float out=(8,4)
while/Next = NextIteration while/MatMul T=float out=(8,4)
while/Exit = Exit while/Switch T=float out=(8,4)
state = Relu while/Exit T=float out=(8,4)
`,
			[]string{"data x:0 float32 (8, 4)"},
			[]string{"prediction state:0 float32 (8, 4)"}},
		{"dangling inputs", `
x = Placeholder dtype=float shape=(?)
y = MatMul x nowhere T=float
z = Add y:9 ^gone T=float
`,
			[]string{"data x:0 float32 (?)"},
			[]string{"prediction z:0 float32 ?", "prediction y:0 float32 ?"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inputs, outputs, _ := findTensors(t, testfiles.Sketch(t, test.graph))
			if diff := cmp.Diff(test.inputs, inputs); diff != "" {
				t.Errorf("inputs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.outputs, outputs); diff != "" {
				t.Errorf("outputs (-want +got):\n%s", diff)
			}
			// An import into a scope must change only the names.
			const scope = "imported/it/"
			inputs, outputs, _ = findTensors(t, testfiles.Sketch(t, inScope(test.graph, scope)))
			for i, lines := range [][]string{inputs, outputs} {
				for k := range lines {
					lines[k] = strings.ReplaceAll(lines[k], scope, "")
				}
				if diff := cmp.Diff([][]string{test.inputs, test.outputs}[i], lines); diff != "" {
					t.Errorf("in a scope (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// inScope returns the sketch of a graph with all nodes moved into a scope.
func inScope(lines, scope string) string {
	var out strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		for i, word := range strings.Fields(line) {
			control, name := "", word
			if strings.HasPrefix(word, "^") {
				control, name = "^", word[1:]
			}
			if i == 0 || i > 2 && !strings.Contains(word, "=") {
				name = scope + name
			}
			out.WriteString(control + name + " ")
		}
		out.WriteString("\n")
	}
	return out.String()
}
