package scope

// Keys of collections with a meaning for TensorFlow's loaders and exporters (tensorflow/python/saved_model/constants.py,
// GraphKeys in tensorflow/python/framework/ops.py).
const (
	MainOpKey            = "saved_model_main_op" // the op to run after loading
	LegacyInitOpKey      = "legacy_init_op"      // the same, in older files
	TableInitializersKey = "table_initializer"   // the ops that fill tables
	AssetsKey            = "saved_model_assets"  // AssetFileDefs of TensorFlow 1
	AssetFilepathsKey    = "asset_filepaths"     // the constants that hold the paths of assets
	SaversKey            = "savers"              // the SaverDefs of all savers
	UnboundInputsKey     = "unbound_inputs"      // the inputs that an export of a scope left open
)
