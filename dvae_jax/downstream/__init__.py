"""What a trained model is good for, once it is trained.

Short functions of arrays, or of a loaded `Run` and images: `anomalies` scores
images, `repair` denoises and fills in, `attributes` moves codes, `generation`
compares sets of images, `reinforcement` learns to act. What few labels get is
the metric `metrics.downstream`.
"""
