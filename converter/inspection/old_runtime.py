"""Which operators of a file tflite-runtime 2.14.0 does not know, the last runtime of that name, which older images of a Pi still carry.

The table was measured, not copied: for each builtin operator and each version from 1 to 20 a model with nothing but that operator's code
was given to `tflite_runtime.interpreter.Interpreter` of the 2.14.0 wheel (x86-64, Python 3.11), which looks up every code while it
builds the model and refuses those that its resolver does not have. No operator had a gap below its highest version, but that
BROADCAST_TO begins at 2.
"""

from __future__ import annotations

from converter.inspection.flat import FlatModel

_BY_VERSION: dict[int, str] = {
    1: ("ADD_N ASSIGN_VARIABLE ATAN2 BITCAST BITWISE_XOR BROADCAST_ARGS BUCKETIZE CALL_ONCE CEIL COMPLEX_ABS CONV_3D CONV_3D_TRANSPOSE "
        "COS CUMSUM DENSIFY DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP_SPARSE EXPAND_DIMS FLOOR HARD_SWISH HASHTABLE HASHTABLE_FIND "
        "HASHTABLE_IMPORT HASHTABLE_LOOKUP HASHTABLE_SIZE IF IMAG L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOG LOGICAL_AND LOGICAL_NOT "
        "LOGICAL_OR LSH_PROJECTION MATRIX_DIAG MATRIX_SET_DIAG MULTINOMIAL NEG NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 ONE_HOT "
        "POW PRELU RANDOM_STANDARD_NORMAL RANDOM_UNIFORM RANK READ_VARIABLE REAL REDUCE_ALL REDUCE_ANY RELU_0_TO_1 RELU_N1_TO_1 RESHAPE "
        "REVERSE_SEQUENCE RFFT2D RIGHT_SHIFT ROUND SCATTER_ND SEGMENT_SUM SHAPE SIN SKIP_GRAM SQRT SQUARE UNIQUE UNSORTED_SEGMENT_MAX "
        "UNSORTED_SEGMENT_MIN UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_SUM VAR_HANDLE WHILE ZEROS_LIKE"),
    2: ("DEPTH_TO_SPACE DIV EXP FAKE_QUANT FLOOR_MOD GELU GREATER L2_NORMALIZATION LEAKY_RELU LESS_EQUAL LOG_SOFTMAX RANGE REDUCE_PROD "
        "RSQRT SELECT_V2 SIGN SPACE_TO_DEPTH SPLIT_V SQUARED_DIFFERENCE SQUEEZE SUM WHERE"),
    3: ("ARG_MAX ARG_MIN AVERAGE_POOL_2D BIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_RNN BROADCAST_TO EMBEDDING_LOOKUP FLOOR_DIV "
        "GREATER_EQUAL LESS LOGISTIC MAX_POOL_2D MEAN MIRROR_PAD NOT_EQUAL QUANTIZE REDUCE_MAX REDUCE_MIN RELU RELU6 REVERSE_V2 RNN "
        "SOFTMAX SPARSE_TO_DENSE TANH TILE TOPK_V2 UNIDIRECTIONAL_SEQUENCE_RNN"),
    4: ("BATCH_MATMUL BATCH_TO_SPACE_ND CONCATENATION EQUAL FILL GATHER_ND LSTM MAXIMUM MINIMUM PACK PAD PADV2 RESIZE_BILINEAR "
        "RESIZE_NEAREST_NEIGHBOR SELECT SPACE_TO_BATCH_ND SPLIT SVDF TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK"),
    5: ("ABS ADD CAST DEQUANTIZE SUB"),
    6: ("GATHER SLICE TRANSPOSE"),
    7: ("CONV_2D DEPTHWISE_CONV_2D MUL"),
    8: ("STRIDED_SLICE"),
    10: ("FULLY_CONNECTED"),
}
KNOWN: dict[str, int] = {name: highest for highest, names in _BY_VERSION.items() for name in names.split()}
"""The highest version of each builtin operator in tflite-runtime 2.14.0; what is missing it does not have at all."""


def beyond_old_runtime(model: FlatModel) -> tuple[str, ...]:
    """The operators for which a file does not load there, such as "FULLY_CONNECTED version 12 (10 is the newest it knows)"; empty where
    it loads. Custom operators are named without a version."""
    found = {(operator.name, operator.version, operator.custom) for _, operator in model.operators()}
    return tuple(_why(name, version, custom) for name, version, custom in sorted(found) if custom or version > KNOWN.get(name, 0))


def _why(name: str, version: int, custom: bool) -> str:
    if custom:
        return f"{name}, a custom operator"
    return f"{name} version {version} ({KNOWN[name]} is the newest it knows)" if name in KNOWN else f"{name}, which it does not know"
