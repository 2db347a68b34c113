package opdef

// IsSaverOp reports whether an op belongs to the ops that identify a saver in TensorFlow (SAVE_AND_RESTORE_OPS in
// tensorflow/python/framework/meta_graph.py).
func IsSaverOp(op string) bool {
	switch op {
	case "SaveV2", "Save", "SaveSlice", "LegacySave", "LegacySaveSlice":
		return true
	}
	return IsRestoreOp(op)
}

// IsRestoreOp reports whether an op reads tensors from a checkpoint for a saver.
func IsRestoreOp(op string) bool {
	switch op {
	case "RestoreV2", "Restore", "RestoreSlice", "LegacyRestore", "LegacyRestoreSlice":
		return true
	}
	return false
}
