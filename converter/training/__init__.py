"""Training of the shipped models: data, losses, recipes. Nothing here imports TensorFlow or Keras at
package level."""
