#!/bin/sh
# GRPO by verl with the settings of settings.txt; arguments are further settings and come last.
# On a Ray cluster: RAY_ADDRESS=http://HEAD:8265 sh launch.sh trainer.nnodes=2
set -eu
cd "$(dirname "$0")"
here=$(pwd)
set -- python3 -m verl.trainer.main_ppo $(cat settings.txt) \
  "data.train_files=$here/train.parquet" "data.val_files=$here/validation.parquet" \
  "reward.custom_reward_function.path=$here/reward.py" \
  "trainer.default_local_dir=$here/checkpoints" "$@"
if [ -n "${RAY_ADDRESS:-}" ]; then
  set -- ray job submit --address "$RAY_ADDRESS" -- "$@"
fi
exec "$@"
