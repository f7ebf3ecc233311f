"""One setting of every objective, for the tests over the registry."""

HPARAMS = {
  "autoencoder": {},
  "vae": {},
  "beta_vae": {"beta": 4.0},
  "annealed_vae": {"gamma": 3.0, "capacity": 3.0, "annealing_steps": 40.0},
  "factor_vae": {"gamma": 6.0},
  "dip_vae_i": {"lambda_od": 5.0, "lambda_d": 50.0},
  "dip_vae_ii": {"lambda_od": 5.0, "lambda_d": 5.0},
  "beta_tcvae": {"alpha": 0.5, "beta": 6.0, "gamma": 2.0},
  "covariance_vae": {"beta": 43.0, "gamma": 6.55, "posterior_std": 0.1},
  "covariance_vae_learned": {"beta": 43.0, "gamma": 6.55},
  "ada_gvae": {"beta": 2.0},
  "ada_mlvae": {"beta": 2.0},
  "qlae": {"quantise": 4.0, "commit": 2.0},
  "factor_vae_same_batch": {"gamma": 6.0},
  "ada_mlvae_averaged": {"beta": 2.0},
  "hausdorff_vae": {"beta": 2.0, "gamma": 5.0, "scale": 3.0},
  "slow_vae": {
    "beta": 0.5,
    "gamma": 10.0,
    "laplace_rate": 6.0,
    "entropy": 0.5,
  },
  "infogan": {"info": 1.0, "noise_latents": 1.0},
  "factor_qvae": {"temperature": 1.0, "beta": 0.5, "gamma": 0.5},
}
