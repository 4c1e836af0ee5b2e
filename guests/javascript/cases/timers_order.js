for (const ms of [30, 10, 20]) setTimeout(() => console.log(ms), ms);
