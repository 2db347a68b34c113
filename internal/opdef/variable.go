package opdef

import (
	"github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// IsVariable reports whether an op holds a variable: a value that persists between runs and that a checkpoint can restore. A
// TemporaryVariable lasts only for a step.
func IsVariable[S string | []byte](op S) bool {
	return IsRefVariable(op) || string(op) == "VarHandleOp"
}

// IsRefVariable reports whether an op holds a variable that other ops read and change through a reference.
func IsRefVariable[S string | []byte](op S) bool {
	switch string(op) {
	case "Variable", "VariableV2", "AutoReloadVariable":
		return true
	}
	return false
}

// ReturnsReference reports whether an op returns a reference to a variable that it holds, for a step at least.
func ReturnsReference(op string) bool { return IsRefVariable(op) || op == "TemporaryVariable" }

// IsAssign reports whether an op sets the whole value of a variable.
func IsAssign(op string) bool { return op == "Assign" || op == "AssignVariableOp" }

// AppliesGradient reports whether an op of an optimizer updates a variable (tensorflow/core/ops/training_ops.cc).
func AppliesGradient(op string) bool {
	return hasAnyPrefix(op, "Apply", "SparseApply", "ResourceApply", "ResourceSparseApply")
}

// ChecksInitialized reports whether an op tests if a variable has a value.
func ChecksInitialized(op string) bool {
	return op == "IsVariableInitialized" || op == "VarIsInitializedOp"
}

// PassesVariable reports whether an op passes on the variable that it reads, as a reference or a handle.
func PassesVariable(op string) bool {
	switch op {
	case "Identity", "RefIdentity", "Enter", "RefEnter", "Switch", "RefSwitch":
		return true
	}
	return false
}

// VariableShape returns the shape in the attr of a variable, or nil if it is unknown. The op Variable declares an unknown shape
// as a scalar (tensorflow/core/ops/state_ops.cc).
func VariableShape(n *wire.Node) tensor.Shape {
	shape := tensor.AttrShape(n)
	if string(n.Op) == "Variable" && shape.IsScalar() {
		return nil
	}
	return shape
}

// OnlyReads reports whether an op only reads a variable through its handle. TensorFlow calls such an op stateful, because it must run in
// order with updates, but nothing changes without it.
func OnlyReads[S string | []byte](op S) bool {
	switch string(op) {
	case "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape", "VarIsInitializedOp":
		return true
	}
	return false
}
