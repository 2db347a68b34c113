package opdef

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

// IsFunctionCall reports whether an op calls the function in its attr f.
func IsFunctionCall(op string) bool {
	return op == "PartitionedCall" || op == "StatefulPartitionedCall"
}
