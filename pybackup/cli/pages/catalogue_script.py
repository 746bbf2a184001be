"""The style and the search script that only the page of a catalogue has."""

from __future__ import annotations

STYLE = """
.shelf{display:grid;grid-template-columns:repeat(auto-fill,minmax(13.5rem,1fr));gap:.8rem}
.disc{border:1px solid var(--line);border-radius:10px;padding:.7rem .8rem;min-width:0;font-size:.88rem}
.disc h3{font-size:1rem;margin:0 0 .2rem;overflow-wrap:anywhere}
.disc[data-state=lost],.disc[data-state=retired]{border-style:dashed;background:var(--code)}
.meter{display:block;height:7px;border-radius:4px;background:var(--line);overflow:hidden;margin:.35rem 0}
.meter i{display:block;height:100%;background:var(--y);print-color-adjust:exact;-webkit-print-color-adjust:exact}
.health{display:block;width:100%;height:36px;margin:.3rem 0}
.health polyline{fill:none;stroke:var(--soft);stroke-width:1.5}
.health circle{fill:var(--tone)}
.disc ul{padding-left:1.1rem;font-size:.82rem}
.hits{list-style:none;margin:0;padding:0;max-height:30rem;overflow:auto}
.hits li{border-top:1px solid var(--line);padding:.45rem .3rem;overflow-wrap:anywhere}
.hits li:focus{outline:2px solid var(--r);outline-offset:-2px;border-radius:6px}
.hits b{font-weight:600}
.hits .on{display:block;font-size:.88rem}
#wanted{max-width:none}
@media(max-width:640px){.files td::before{content:none!important}}
@media print{.hits{max-height:none}}
"""

SCRIPT = r"""
(function(){
'use strict';
var box=document.getElementById('wanted');
if(!box)return;
var told=document.getElementById('told'),hits=document.getElementById('hits');
var about=JSON.parse(document.getElementById('about').textContent);
var SHOWN=200,SLICE_MS=12;
var names,lower,directories,starts,firsts,sizes,times,groups,run=0;
var mediaOf={};
about.media.forEach(function(medium){(mediaOf[medium.volume]=mediaOf[medium.volume]||[]).push(medium)});

function unpacked(name){
var node=document.querySelector('.column[data-name='+name+']');
var text=atob(node.textContent),bytes=new Uint8Array(text.length);
for(var i=0;i<text.length;i++)bytes[i]=text.charCodeAt(i);
node.remove();
return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).arrayBuffer();
}
function text(name){return unpacked(name).then(function(data){return new TextDecoder().decode(data)})}
function pause(){return new Promise(function(go){setTimeout(go,0)})}
// Change case only where the length stays the same, so that offsets in both texts are equal.
function lowered(all){
var low=all.toLowerCase();
if(low.length===all.length)return low;
return all.replace(/[^\n]/g,function(c){var one=c.toLowerCase();return one.length===c.length?one:c});
}

async function read(){
var begun=performance.now();
directories=(await text('directories')).split('\n');
names=await text('names');
await pause();
lower=lowered(names);
var counts=new Uint32Array(await unpacked('counts'));
sizes=new Float64Array(await unpacked('sizes'));
times=new Float64Array(await unpacked('times'));
groups=new Uint32Array(await unpacked('groups'));
firsts=new Uint32Array(counts.length+1);
for(var i=0;i<counts.length;i++)firsts[i+1]=firsts[i]+counts[i];
starts=new Uint32Array(groups.length+1);
for(var row=0,at=0;row<groups.length;row++){
starts[row]=at;
at=names.indexOf('\n',at)+1;
if(!at)at=names.length+1;
if(row%20000===0&&performance.now()-begun>SLICE_MS){await pause();begun=performance.now()}
}
starts[groups.length]=names.length+1;
box.disabled=false;
box.placeholder='Part of a name; add words or a directory to narrow the search';
document.documentElement.dataset.ready='yes';
}

// The last index whose value is not greater.
function place(list,value){
var low=0,high=list.length-1;
while(low<high){var mid=(low+high+1)>>1;if(list[mid]<=value)low=mid;else high=mid-1}
return low;
}
function directoryOf(row){
var found=place(firsts,row);
while(found<directories.length-1&&firsts[found+1]<=row)found++;
return found;
}
function nameOf(row){return names.slice(starts[row],starts[row+1]-1)}

async function search(wanted){
var mine=++run,words=wanted.toLowerCase().split(/[\s\/]+/).filter(Boolean);
hits.textContent='';
told.dataset.wanted='';
if(!words.length){told.textContent='';return}
// Each word must be in the name or in the path of its directory; if the path has all words, all its files match.
var found=0,begun=performance.now(),shown=[];
told.textContent='Searching…';
for(var d=0;d<directories.length;d++){
if(performance.now()-begun>SLICE_MS){
await pause();
if(mine!==run)return;
begun=performance.now();
}
var path=directories[d].toLowerCase(),first=firsts[d],last=firsts[d+1];
var left=words.filter(function(word){return path.indexOf(word)<0});
if(first===last)continue;
if(!left.length){
for(var r=first;r<last&&found+r-first<SHOWN;r++)shown.push(r);
found+=last-first;
continue;
}
var from=starts[first],end=starts[last],part=lower.slice(from,end),at=0;
while((at=part.indexOf(left[0],at))>=0){
if(performance.now()-begun>SLICE_MS){
await pause();
if(mine!==run)return;
begun=performance.now();
}
var row=place(starts,from+at);
var name=lower.slice(starts[row],starts[row+1]-1);
if(left.every(function(word){return name.indexOf(word)>=0})){if(found++<SHOWN)shown.push(row)}
at=starts[row+1]-from;
}
}
shown.slice(0,SHOWN).forEach(function(row){hits.append(line(row))});
var count=found.toLocaleString('en'),more=found>SHOWN?', the first '+SHOWN+' are shown':'';
told.textContent=found===1?'1 file'+more:count+' files'+more;
told.dataset.wanted=wanted;
}

function make(tag,kind,text){
var node=document.createElement(tag);
if(kind)node.className=kind;
if(text!==undefined)node.textContent=text;
return node;
}
function humane(size){
if(size<1024)return size+' B';
var units=['KiB','MiB','GiB','TiB'],at=-1;
do{size/=1024;at++}while(size>=1024&&at<3);
return size.toFixed(1)+' '+units[at];
}
function line(row){
var item=make('li');
item.tabIndex=-1;
var path=directories[directoryOf(row)],name=make('div');
name.append(make('bdi','soft',path?path+'/':''));
var bold=make('b');
bold.append(make('bdi','',nameOf(row)));
name.append(bold);
item.append(name);
var media=[];
about.holders[groups[row]].forEach(function(volume){media=media.concat(mediaOf[volume]||[])});
var copies=media.filter(function(medium){return medium.state==='ok'&&medium.seen}).length;
var day=new Date(times[row]*1000);
var when=isNaN(day)?'':' · '+day.toISOString().slice(0,10);
item.append(make('span','soft',humane(sizes[row])+when+' · '));
item.append(make('span','fate '+(copies>1?'good':copies?'warn':'dire'),copies===1?'1 copy':copies+' copies'));
media.forEach(function(medium){
var note=medium.state!=='ok'?medium.state:medium.seen?'':'not seen yet';
var where=medium.place?'at '+medium.place:'';
var tail=[note,where].filter(Boolean).join(', ');
var on=make('span','on');
on.append('on ',make('bdi','',medium.label),tail?' ('+tail+')':'');
item.append(on);
});
if(!media.length)item.append(make('span','on','on no known medium'));
return item;
}

var later;
box.addEventListener('input',function(){clearTimeout(later);later=setTimeout(function(){search(box.value)},60)});
document.addEventListener('keydown',function(e){
var at=document.activeElement,item=at&&at.closest?at.closest('.hits li'):null;
if(e.key==='/'&&at!==box&&!e.ctrlKey&&!e.metaKey){box.focus();e.preventDefault()}
else if(e.key==='Escape'&&(at===box||item)){box.value='';search('');box.focus()}
else if(e.key==='ArrowDown'&&(at===box||item)){
var next=item?item.nextElementSibling:hits.firstElementChild;
if(next)next.focus();
e.preventDefault();
}
else if(e.key==='ArrowUp'&&item){(item.previousElementSibling||box).focus();e.preventDefault()}
});
read().catch(function(){
told.textContent='This browser cannot unpack the names: "pybackup catalogue find" searches them.';
});
})();
"""
